// SPDX-License-Identifier: Apache-2.0
// A whole stack, the issuers that its Fulcio believes, and whatever is sent to it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { type Stack, startStack } from "../src/stack/index.ts";
import { type Answer, post } from "./fulcio-world.ts";
import {
  discoveryPath,
  signToken,
  startIssuer,
  type TestAnswer,
  type TestIssuer,
  tokenKey,
} from "./oidc-issuer.ts";

export interface HostileWorld {
  readonly stack: Stack;
  /** Every line that was logged, at the lowest level. */
  readonly logs: readonly string[];
  /** Of people, by their addresses; signs with ES256 and RS256. */
  readonly people: TestIssuer;
  /** Of users of `localhost`, by name. */
  readonly users: TestIssuer;
  /** Believed, and not there. */
  readonly down: TestIssuer;
  /** Believed; each has one of the answers that were asked for as its discovery document. */
  readonly strange: readonly TestIssuer[];
  /** Not believed by name; what is below its URL fits a pattern. */
  readonly patterned: TestIssuer;
  /** Asks Fulcio for a certificate. */
  readonly ask: (token: string, body: object) => Promise<Answer>;
}

export function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "chancery-hostile-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** @param answers of strange issuers, which are asked when the stack starts. */
export async function hostileWorld(
  t: TestContext,
  answers: readonly TestAnswer[] = [],
  keyPassword?: Uint8Array,
): Promise<HostileWorld> {
  const [people, users, down, patterned] = [
    await startIssuer(t),
    await startIssuer(t, "http://localhost:PORT"),
    await startIssuer(t),
    await startIssuer(t),
  ];
  const strange = await Promise.all(answers.map(async () => startIssuer(t)));
  for (const [i, { answers: own }] of strange.entries()) {
    own.set(discoveryPath, answers[i] as TestAnswer);
  }
  people.keys.push(tokenKey("RS256"));
  await down.close();
  const dataDirectory = newDirectory(t);
  const email = { "client-id": "sigstore", type: "email" };
  const config = {
    "oidc-issuers": {
      [people.url]: email,
      [users.url]: {
        "client-id": "sigstore",
        type: "username",
        "subject-domain": "localhost",
      },
      [down.url]: email,
      ...Object.fromEntries(strange.map(({ url }) => [url, email])),
    },
    "meta-issuers": { [`${patterned.url}/*`]: email, "http://169.254.169.254/*": email },
  };
  writeFileSync(join(dataDirectory, "fulcio.json"), JSON.stringify(config));
  const logs: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void logs.push(line) });
  const stack = await startStack({
    dataDirectory,
    listen: "127.0.0.1:0",
    config: {
      idp: { dev: true },
      fulcio: { config: "fulcio.json", grpcListen: "127.0.0.1:0" },
    },
    logger,
    keyPassword,
  });
  t.after(() => stack.close());
  const ask = async (token: string, body: object): Promise<Answer> =>
    post(`${stack.url}/api/v2/signingCert`, body, { authorization: `Bearer ${token}` });
  return { stack, logs, people, users, down, strange, patterned, ask };
}

/** What a token says of somebody, now. */
export function claimsOf({ url }: TestIssuer, changes: object = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: url,
    sub: "user-1",
    aud: "sigstore",
    iat: now,
    exp: now + 600,
    email: "a@example.com",
    email_verified: true,
    ...changes,
  };
}

/** A token of an issuer, by its first key. */
export function tokenOf(issuer: TestIssuer, changes: object = {}, header: object = {}): string {
  const [key] = issuer.keys;
  if (!key) throw new Error("the issuer has no key");
  return signToken(key, claimsOf(issuer, changes), header);
}
