// SPDX-License-Identifier: Apache-2.0

/** Arcs beyond this are of no use here and would only cost memory. */
const arcsMax = 64;

/**
 * Dotted text of OBJECT IDENTIFIER content, or undefined when it is malformed or not minimal.
 * Certificates hold dozens of these: the text is built without intermediate arrays.
 */
export function decodeOid(content: Uint8Array): string | undefined {
  const { length } = content;
  if (length === 0 || length > 256) return undefined;
  let text = "";
  let arcs = 0;
  let value = 0;
  let big = 0n;
  let first = true;
  for (let i = 0; i < length; i++) {
    const byte = content[i] as number;
    if (first && byte === 0x80) return undefined;
    first = false;
    // Arcs of UUID-based identifiers exceed 2^53: switch to bigint only for those.
    if (big > 0n || value > 2 ** 45) {
      big = (big > 0n ? big : BigInt(value)) * 128n + BigInt(byte & 0x7f);
    } else {
      value = value * 128 + (byte & 0x7f);
    }
    if (byte >= 0x80) continue;
    if (arcs > 0) {
      text += `.${big > 0n ? big : value}`;
      arcs += 1;
    } else {
      // The first subidentifier holds two arcs (X.690 §8.19.4).
      if (big > 0n) text = `2.${big - 80n}`;
      else if (value < 80) text = `${Math.floor(value / 40)}.${value % 40}`;
      else text = `2.${value - 80}`;
      arcs = 2;
    }
    if (arcs > arcsMax) return undefined;
    value = 0;
    big = 0n;
    first = true;
  }
  return first ? text : undefined;
}

/**
 * Content octets of an OBJECT IDENTIFIER.
 * @throws RangeError for a text that is none: it is the caller's own.
 */
export function encodeOid(dotted: string): Uint8Array {
  if (!/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/.test(dotted)) {
    throw new RangeError(`not an object identifier: ${dotted}`);
  }
  const [top, second, ...rest] = dotted.split(".") as [string, string, ...string[]];
  if (Number(top) < 2 && Number(second) > 39) {
    throw new RangeError(`not an object identifier: ${dotted}`);
  }
  const out: number[] = [];
  const first = second.length > 15 ? BigInt(second) + 80n : Number(second) + 40 * Number(top);
  pushArc(out, String(first));
  for (const arc of rest) pushArc(out, arc);
  return Uint8Array.from(out);
}

/** Appends one subidentifier: seven bits a byte, high ones first, all but the last marked. */
function pushArc(out: number[], arc: string): void {
  // Arcs of UUID-based identifiers exceed 2^53: bigint, which is slow, only for those.
  if (arc.length > 15) {
    const value = BigInt(arc);
    let shift = 0n;
    while (value >> shift >= 128n) shift += 7n;
    for (; shift > 0n; shift -= 7n) out.push(Number((value >> shift) & 0x7fn) | 0x80);
    out.push(Number(value & 0x7fn));
    return;
  }
  const value = Number(arc);
  let weight = 1;
  while (value / weight >= 128) weight *= 128;
  for (; weight > 1; weight /= 128) out.push((Math.floor(value / weight) % 128) | 0x80);
  out.push(value % 128);
}
