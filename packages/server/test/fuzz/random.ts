// SPDX-License-Identifier: Apache-2.0
// Requests that nobody should send, made from the published description: the same for one seed.

/** A source of numbers that a seed determines (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to below. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /** True once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  hex(length: number): string {
    return Array.from({ length }, () => this.below(16).toString(16)).join("");
  }
}

/** Texts that have broken readers of texts. */
const oddTexts: readonly string[] = [
  "",
  " ",
  "0",
  "-1",
  "1",
  "00",
  "+1",
  "1e3",
  "0x10",
  "9007199254740991",
  "9007199254740992",
  "18446744073709551616",
  "99999999999999999999999999",
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
  "../../etc/passwd",
  "..%2f..%2fx",
  "%",
  "%zz",
  "%00",
  "\0",
  "\u{1f512}",
  "\ud800",
  "é",
  "a".repeat(5000),
  "sha256:",
  "sha256:zz",
  "sha1:" + "0".repeat(40),
  "__proto__",
  "constructor",
  "2026-01-01T00:00:00Z",
  "9999-12-31T23:59:60Z",
  "AAAA",
  "A===",
  "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
  "0/x001/234.p/5",
  "0/000",
  "0/000.p/1",
  "0/000.p/256",
  "entries/000.p/1",
  "63/000",
  "0/x999/x999/x999/x999/x999/999",
];

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[[[[[]]]]]],
  { __proto__: null, toString: "x" },
];

export function oddText(random: Random): string {
  switch (random.below(4)) {
    case 0:
      return random.hex(random.pick([1, 32, 40, 63, 64, 65, 80, 128]));
    case 1:
      return `sha256:${random.hex(64)}`;
    default:
      return random.pick(oddTexts);
  }
}

export interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly format?: string;
}

export type Schemas = Readonly<Record<string, Schema>>;

const depthMax = 8;

/** A value that mostly has the shape of a schema. */
export function valueOf(schema: Schema, schemas: Schemas, random: Random, depth = 0): unknown {
  if (depth > depthMax || random.oneIn(12)) return random.pick(oddValues);
  const inside = (other: Schema): unknown => valueOf(other, schemas, random, depth + 1);
  if (schema.$ref !== undefined) {
    return inside(schemas[schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)] ?? {});
  }
  if (schema.oneOf) return inside(random.pick(schema.oneOf));
  if (schema.enum) return random.oneIn(5) ? oddText(random) : random.pick(schema.enum);
  const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
  switch (type) {
    case "object": {
      const value: Record<string, unknown> = {};
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (!random.oneIn(6)) value[name] = inside(property);
      }
      if (random.oneIn(10)) value[oddText(random)] = random.pick(oddValues);
      return value;
    }
    case "array":
      return Array.from({ length: random.pick([0, 1, 1, 2, 12]) }, () =>
        inside(schema.items ?? {}),
      );
    case "integer":
      return random.pick([0, 1, 2, -1, 2 ** 31, 2 ** 53, 1.5]);
    case "string":
      if (schema.format !== "byte" || random.oneIn(4)) return oddText(random);
      return Buffer.from(random.hex(2 * random.below(80)), "hex").toString("base64");
    default:
      return random.pick(oddValues);
  }
}

/** Something good, with one or two things wrong somewhere in it. */
export function spoiled(value: unknown, random: Random): unknown {
  if (random.oneIn(6)) return random.oneIn(2) ? random.pick(oddValues) : oddText(random);
  if (typeof value === "string") return spoiledText(value, random);
  if (typeof value !== "object" || value === null) return random.pick(oddValues);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.oneIn(5)) return [...value, ...value, random.pick(oddValues)];
    const at = random.below(value.length);
    return value.map((item: unknown, i) => (i === at ? spoiled(item, random) : item));
  }
  const names = Object.keys(value);
  if (names.length === 0) return random.pick(oddValues);
  const name = random.pick(names);
  const { [name]: chosen, ...others } = value as Record<string, unknown>;
  if (random.oneIn(6)) return others;
  return { ...others, [name]: spoiled(chosen, random) };
}

/** Wrong below its encoding as often as above it. */
function spoiledText(text: string, random: Random): string {
  if (/^[A-Za-z0-9+/]+=*$/.test(text) && random.oneIn(2)) {
    const bytes = Buffer.from(text, "base64");
    return Buffer.from(spoiledBytes(bytes, random)).toString("base64");
  }
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(["", "\0", "x", "=", "\ud800"]) + text.slice(at + 1);
}

/** Bytes with one flipped, cut off, or with more at the end. */
export function spoiledBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(copy.length);
  switch (random.below(3)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Uint8Array.from([...copy, random.below(256)]);
    default:
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
  }
}
