// SPDX-License-Identifier: Apache-2.0
// The process that is killed: logs numbered entries as fast as it can and writes down each answer.
//     flood-writer.ts FOLDER KEY(hex PKCS#8) SEED FIRST COUNT
import { decodeHex } from "@chancery/formats/bytes";
import { privateKeyFromPkcs8 } from "@chancery/formats/crypto/node";
import { openLog } from "../../src/index.ts";
import { randomSource } from "../random-source.ts";
import { entryOf, origin } from "../world.ts";
import { answerLine } from "./answers.ts";

const [folder = "", key = "", seed = "", first = "", count = ""] = process.argv.slice(2);
const random = randomSource(Number(seed));
const signer = privateKeyFromPkcs8(decodeHex(key));
const limits = { tailEntriesMin: 256, publishIntervalMs: 20 };
const log = await openLog({ folder, origin, signer, limits });
process.stdout.write("ready\n");

let next = Number(first);
const end = next + Number(count);
async function client(): Promise<void> {
  while (next < end) {
    // One in eight is a retry of something earlier.
    const number = random(8) === 0 && next > 0 ? random(next) : next++;
    process.stdout.write(answerLine(number, await log.append(entryOf(number))));
  }
}
await Promise.all(Array.from({ length: 1 + random(64) }, client));
await log.close();
process.stdout.write("done\n");
