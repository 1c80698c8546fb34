// SPDX-License-Identifier: Apache-2.0
// A TUF repository in memory, served on loopback, and clients of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import type { MessageSigner } from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import { fetchTrust, TufError, type TufResult } from "@chancery/verify/tuf";
import { pino } from "pino";
import { createApp, ServerMetrics } from "../src/http/index.ts";
import {
  addTufRepository,
  type RoleRing,
  type TufFolder,
  TufRepository,
  type TufRole,
} from "../src/tuf/index.ts";
import { p256 } from "./rekor-server.ts";

export const start: Date = new Date("2026-01-10T12:00:00.750Z");
export const day = 86_400_000;
export const validityMs: Readonly<Record<TufRole, number>> = {
  root: 360 * day,
  targets: 360 * day,
  snapshot: 60 * day,
  timestamp: 8 * day,
};

/** A new key of a role. */
export function newSigner(): MessageSigner {
  return messageSigner(p256());
}

/** A folder in memory; its writes can be made to fail. */
export class MemoryFolder implements TufFolder {
  readonly files: Map<string, string> = new Map();
  /** Names in the order in which they were put. */
  readonly written: string[] = [];
  /** How many writes go well before one stops the process, as it were. */
  writesLeft: number = Infinity;

  async read(name: string): Promise<string | undefined> {
    return this.files.get(name);
  }

  async write(name: string, text: string): Promise<void> {
    if (this.writesLeft-- <= 0) throw new Error("crash");
    const before = this.files.get(name);
    if (name !== "timestamp.json") assert.equal(before ?? text, text, `${name} has changed`);
    this.files.set(name, text);
    this.written.push(name);
  }

  async names(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }
}

/** A client, with a cache of its own, that began with the first root. */
export interface TufClient {
  fetch(now?: Date): Promise<TufResult>;
  /** The code with which a run is refused. */
  refusal(now?: Date): Promise<string>;
}

/** What a test changes between its steps. */
export class TufWorld {
  readonly folder: MemoryFolder = new MemoryFolder();
  now: Date = start;
  url = "";
  readonly rings: Record<TufRole, RoleRing>;
  readonly #t: TestContext;

  private constructor(t: TestContext) {
    this.#t = t;
    const ring = (): RoleRing => ({ current: newSigner(), former: [] });
    const online = ring();
    this.rings = { root: ring(), targets: ring(), snapshot: online, timestamp: online };
  }

  /** A world whose repository has been published once. */
  static async open(t: TestContext): Promise<TufWorld> {
    const world = new TufWorld(t);
    const app = createApp({
      logger: pino({ level: "silent" }),
      metrics: new ServerMetrics("test"),
    });
    addTufRepository(app, "/tuf", world.folder);
    await app.listen({ host: "127.0.0.1", port: 0 });
    t.after(() => app.close());
    const address = app.server.address();
    assert.ok(typeof address === "object" && address !== null);
    world.url = `http://127.0.0.1:${address.port}/tuf`;
    await world.publish("first");
    return world;
  }

  /** The repository as the next process would open it. */
  repository(): TufRepository {
    const { folder, rings } = this;
    return new TufRepository({ folder, rings: { ...rings }, validityMs, now: () => this.now });
  }

  async publish(text: string): ReturnType<TufRepository["publish"]> {
    const signingConfig = { text: "{}" };
    return this.repository().publish(
      new Map([
        ["trusted_root.json", { text }],
        ["signing_config.v0.2.json", signingConfig],
      ]),
    );
  }

  /** The next key of roles; `lost` where the old one is gone. */
  replace(roles: readonly TufRole[], lost: "kept" | "lost" = "kept"): void {
    const current = newSigner();
    for (const role of roles) {
      const { current: old, former } = this.rings[role];
      const kept = lost === "kept" && old ? [old, ...former] : [];
      this.rings[role] = { current, former: kept };
    }
  }

  signed(name: string): any {
    return JSON.parse(this.folder.files.get(name) ?? "{}").signed;
  }

  client(root: string = this.folder.files.get("1.root.json") ?? ""): TufClient {
    const cacheDirectory = mkdtempSync(join(tmpdir(), "chancery-tuf-"));
    this.#t.after(() => rmSync(cacheDirectory, { recursive: true, force: true }));
    const fetch = async (now = this.now): Promise<TufResult> =>
      fetchTrust({ mirror: this.url, root: utf8Bytes(root), cacheDirectory, now });
    return {
      fetch,
      async refusal(now) {
        try {
          await fetch(now);
        } catch (error) {
          assert.ok(error instanceof TufError, String(error));
          return error.code;
        }
        return "none";
      },
    };
  }
}

/** What a client got for a trusted root. */
export function trusted(result: TufResult): string {
  return new TextDecoder().decode(result.trustedRoot);
}
