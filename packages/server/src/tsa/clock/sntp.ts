// SPDX-License-Identifier: Apache-2.0
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { bytesEqual } from "@chancery/formats/bytes";
import { randomBytes } from "@chancery/formats/crypto/node";
import { type Clock, clockGranularityMs } from "./clock.ts";

/** Where an NTP server is. */
export interface NtpServer {
  readonly host: string;
  readonly port: number;
}

const packetBytes = 48;
const defaultPort = 123;
/** Leap indicator 0, version 4, mode 3 (client). */
const request = 0x23;
const modeServer = 4;
/** Leap indicator of a server that does not know the time itself. */
const unsynchronised = 3;
const stratumMax = 15;
/** From 1900, where NTP begins, to 1970. */
const ntpEpochSeconds = 2_208_988_800;
const eraSeconds = 2 ** 32;

/** Reads `host`, `host:port` or `[IPv6]:port`; undefined for anything else. */
export function parseNtpServer(text: string): NtpServer | undefined {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([0-9A-Za-z_.-]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = found?.[3] === undefined ? defaultPort : Number(found[3]);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** What a server says about the clock. */
export interface ClockOffset {
  /** How far the server's clock is ahead of ours. */
  readonly offsetMs: number;
  /** How long both were on the way: half of it is the most by which the offset may be off. */
  readonly delayMs: number;
}

/**
 * Asks a server for the time, once (SNTP, RFC 4330 §5). The question carries random bits that the
 * answer must repeat, so that only who sees it can forge one: NTP has no other protection here, and
 * that is why several servers must agree.
 *
 * @throws Error in words, where there is no answer in time or the answer cannot be used
 */
export async function askTime(
  server: NtpServer,
  clock: Clock,
  timeoutMs: number,
): Promise<ClockOffset> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const { address, family } = await withDeadline(lookup(server.host), deadline);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    return await withDeadline(
      exchange(socket, { host: address, port: server.port }, clock),
      deadline,
    );
  } finally {
    socket.close();
  }
}

function exchange(socket: Socket, { host, port }: NtpServer, clock: Clock): Promise<ClockOffset> {
  const question = new Uint8Array(packetBytes);
  question[0] = request;
  const cookie = randomBytes(8);
  question.set(cookie, 40); // transmit timestamp, which the server copies without a look
  return new Promise((resolve, reject) => {
    let sent = { wallMs: 0, monotonicMs: 0 };
    socket.on("error", reject);
    // Others' datagrams do not arrive: the socket is connected.
    socket.once("message", (answer) => {
      const delay = clock.monotonicMs() - sent.monotonicMs;
      try {
        resolve(readAnswer(answer, cookie, sent.wallMs, delay));
      } catch (cause) {
        reject(cause as Error);
      }
    });
    socket.connect(port, host, () => {
      sent = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
      socket.send(question);
    });
  });
}

/** @param tookMs from the question to the answer, by the monotonic clock. */
function readAnswer(
  answer: Uint8Array,
  cookie: Uint8Array,
  sentMs: number,
  tookMs: number,
): ClockOffset {
  if (answer.length < packetBytes) throw new Error("an answer that is too short");
  const view = new DataView(answer.buffer, answer.byteOffset, packetBytes);
  const first = view.getUint8(0);
  if ((first & 7) !== modeServer) throw new Error("an answer that is no server's");
  if (!bytesEqual(answer.subarray(24, 32), cookie))
    throw new Error("an answer to another question");
  const stratum = view.getUint8(1);
  if (stratum === 0 || stratum > stratumMax || first >> 6 === unsynchronised) {
    throw new Error("the server does not know the time itself");
  }
  const [received, transmitted] = [
    readTimestamp(view, 32, sentMs),
    readTimestamp(view, 40, sentMs),
  ];
  const delayMs = tookMs - (transmitted - received);
  if (!(transmitted >= received && delayMs >= -clockGranularityMs))
    throw new Error("times that cannot be");
  // RFC 4330 §5: ((T2 - T1) + (T3 - T4)) / 2.
  const offsetMs = (received - sentMs + transmitted - (sentMs + tookMs)) / 2;
  return { offsetMs, delayMs };
}

/** An NTP timestamp in milliseconds since 1970, of the era (136 years) that is nearest to ours. */
function readTimestamp(view: DataView, offset: number, nearMs: number): number {
  const [seconds, fraction] = [view.getUint32(offset), view.getUint32(offset + 4)];
  if (seconds === 0 && fraction === 0) throw new Error("an answer without a time");
  const since1970 = seconds - ntpEpochSeconds + fraction / 2 ** 32;
  const era = Math.round((nearMs / 1000 - since1970) / eraSeconds);
  return 1000 * (since1970 + era * eraSeconds);
}

function withDeadline<T>(promise: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error("no answer in time"));
    deadline.addEventListener("abort", end, { once: true });
    if (deadline.aborted) end();
    promise.then(resolve, reject).finally(() => deadline.removeEventListener("abort", end));
  });
}
