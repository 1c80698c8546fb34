// SPDX-License-Identifier: Apache-2.0
// Words that shapes in JSON Schema are made of.

export const string: object = { type: "string" };
export const base64: object = { type: "string", format: "byte" };
export const integer: object = { type: "integer", minimum: 0 };
/** In answers that are not JSON. */
export const binary: object = { type: "string", format: "binary" };

/** @param required names of the members that are always there. */
export function object(
  properties: Record<string, object>,
  required: readonly string[] = [],
): object {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

/** An object whose members are always there. */
export function all(properties: Record<string, object>): object {
  return object(properties, Object.keys(properties));
}
