// SPDX-License-Identifier: Apache-2.0
// The process that faults are made for: logs the same entries each time, so many at once, and tells
// each answer. An entry that was refused is tried again, as a client does.
//     script-writer.ts FOLDER KEY(hex PKCS#8) FIRST COUNT,COUNT…
// Its last line says how it ended: `done`, or `ended` and the code of what stopped the log.
import { writeSync } from "node:fs";
import { decodeHex } from "@chancery/formats/bytes";
import { privateKeyFromPkcs8 } from "@chancery/formats/crypto/node";
import { type Log, LogError, openLog } from "../../src/index.ts";
import { eagerLimits, entryOf, origin } from "../world.ts";
import { answerLine } from "./answers.ts";

/** More than the calls of a disk that is full for a while. */
const attemptsMax = 40;

/** Straight to the file descriptor, so that an answer is told before anything else happens. */
const tell = (text: string): void => void writeSync(1, text);

async function logAll(log: Log, numbers: readonly number[]): Promise<void> {
  let waiting = numbers;
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const answers = await Promise.allSettled(waiting.map((number) => log.append(entryOf(number))));
    const refused: number[] = [];
    let lines = "";
    for (const [i, answer] of answers.entries()) {
      const number = waiting[i] as number;
      if (answer.status === "fulfilled") lines += answerLine(number, answer.value);
      else if (isPassing(answer.reason) && attempt < attemptsMax) refused.push(number);
      else throw answer.reason;
    }
    if (lines !== "") tell(lines);
    waiting = refused;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof LogError && (error.code === "storage" || error.code === "overloaded");
}

async function open(): Promise<Log> {
  const [folder = "", key = ""] = process.argv.slice(2);
  for (let attempt = 1; ; attempt++) {
    try {
      const signer = privateKeyFromPkcs8(decodeHex(key));
      return await openLog({ folder, origin, signer, limits: eagerLimits });
    } catch (cause) {
      if (!isPassing(cause) || attempt === attemptsMax) throw cause;
    }
  }
}

let log: Log | undefined;
try {
  log = await open();
  const counts = (process.argv[5] ?? "").split(",").map(Number);
  let next = Number(process.argv[4]);
  for (const count of counts) {
    const first = next;
    next += count;
    await logAll(
      log,
      Array.from({ length: count }, (_, i) => first + i),
    );
  }
  await log.close();
  tell("done\n");
} catch (cause) {
  if (!(cause instanceof LogError)) throw cause;
  tell(`ended ${cause.code} ${cause.message}\n`);
  await log?.close().catch(() => undefined); // stopped, and to be given back all the same
}
