// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, type JsonValue } from "@chancery/formats/json";
import { ServiceError } from "../../errors.ts";

/**
 * A message in protobuf's JSON mapping as its readers accept it: names in lowerCamelCase or as in
 * the proto file, null for absent, bytes in either base64 alphabet with or without padding, no
 * names that the message does not have.
 */
export class ProtoMessage {
  readonly #fields = new Map<string, JsonValue>();

  /**
   * @param names every field of the message, in lowerCamelCase.
   * @throws ServiceError `malformed`
   */
  constructor(value: JsonValue, names: readonly string[]) {
    if (!isObject(value)) throw protoError(`unexpected token ${shown(value)}`);
    for (const [written, field] of Object.entries(value)) {
      const name = names.find((known) => known === written || snakeCases.get(known) === written);
      if (name === undefined) throw protoError(`unknown field ${JSON.stringify(written)}`);
      if (this.#fields.has(name)) throw protoError(`duplicate field ${JSON.stringify(written)}`);
      if (field !== null) this.#fields.set(name, field);
    }
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  message(name: string, names: readonly string[]): ProtoMessage | undefined {
    const value = this.#fields.get(name);
    return value === undefined ? undefined : new ProtoMessage(value, names);
  }

  messages(name: string, names: readonly string[]): ProtoMessage[] {
    const value = this.#fields.get(name) ?? [];
    if (!Array.isArray(value)) throw this.#invalid("repeated", name, value);
    return value.map((item) => new ProtoMessage(item, names));
  }

  /** Absent is empty, as everywhere in proto3. */
  string(name: string): string {
    const value = this.#fields.get(name) ?? "";
    if (typeof value === "string") return value;
    throw this.#invalid("string", name, value);
  }

  bytes(name: string): Uint8Array {
    const value = this.#fields.get(name) ?? "";
    if (typeof value !== "string") throw this.#invalid("bytes", name, value);
    const standard = value
      .replaceAll("-", "+")
      .replaceAll("_", "/")
      .replace(/={1,2}$/, "");
    try {
      return decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="), name);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw this.#invalid("bytes", name, value);
    }
  }

  /** An enumeration by name or number; absent is undefined. */
  enumeration(name: string): string | number | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || typeof value === "string") return value;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw this.#invalid("enum", name, value);
  }

  #invalid(type: string, name: string, value: JsonValue): ServiceError {
    return protoError(`invalid value for ${type} field ${name}: ${shown(value)}`);
  }
}

/** A refusal of the JSON itself, as protojson begins its own. */
export function protoError(problem: string): ServiceError {
  return new ServiceError("malformed", `proto: ${problem}`);
}

function shown(value: JsonValue): string {
  if (isObject(value)) return "{";
  if (Array.isArray(value)) return "[";
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value);
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The names of the proto files: requests come by the thousand, and their fields are few. */
const snakeCases: ReadonlyMap<string, string> = new Map(
  [
    ["digest", "signature", "content", "verifier", "publicKey", "x509Certificate", "keyDetails"],
    ["rawBytes", "envelope", "verifiers", "payload", "payloadType", "signatures", "sig", "keyid"],
    ["hashedRekordRequestV002", "dsseRequestV002"],
  ].flatMap((names) => names.map((name) => [name, snakeCase(name)])),
);

/** The fields that a decoded object must have been given, for requests of one field. */
export function soleField(value: JsonValue, names: readonly string[]): [string, JsonObject] {
  const message = new ProtoMessage(value, names);
  const present = names.filter((name) => message.has(name));
  const [name, ...others] = present;
  if (name === undefined) throw new ServiceError("malformed", "invalid type, must be hashedrekord");
  if (others.length > 0) throw protoError(`oneof spec is already set`);
  const object = (value as JsonObject)[name] ?? (value as JsonObject)[snakeCase(name)];
  if (isObject(object)) return [name, object];
  throw protoError(`unexpected token ${shown(object as JsonValue)}`);
}
