// SPDX-License-Identifier: Apache-2.0
// Identities as commands obtain them, from the identity provider as stacks run it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SignError } from "@chancery/sign";
import {
  type IdentityContext,
  type IdentityRequest,
  obtainIdentity,
  type Person,
  TokenCache,
} from "@chancery/sign/identity";
import { Browser, locationOf, type Page } from "../packages/server/test/idp/browser.ts";
import { alice, type IdpWorld, openWorld } from "../packages/server/test/idp/world.ts";

describe("identities from the identity provider", () => {
  let world: IdpWorld;
  let folder = "";
  /** Of the provider, where it counts how often it is asked. */
  let now = Date.now();
  /** How far the client's clock goes ahead. */
  let aheadMs = 0;
  before(async () => {
    world = await openWorld({ now: () => now });
    folder = mkdtempSync(join(tmpdir(), "chancery-identity-"));
  });
  after(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  /** Fills in the sign-in page. @returns the page at the end, which may lead elsewhere */
  const enter = async (address: string, password = alice.password): Promise<Page> => {
    const browser = new Browser();
    const page = await browser.follow(await browser.get(address));
    const path = new URL(page.url).pathname;
    return browser.follow(await browser.submit(page, { ...alice, password }, path));
  };

  /** Goes where the browser is sent at the end. */
  const comeBack = async (page: Page): Promise<void> => {
    await fetch(locationOf(page) ?? assert.fail(page.text));
  };

  const obtain = async (
    request: IdentityRequest,
    person?: Partial<Person>,
    http: IdentityContext["http"] = {},
  ) => {
    const somebody = person && { person: { tell: () => undefined, ...person } };
    const context = { environment: {}, http, now: () => Date.now() + aheadMs, ...somebody };
    return obtainIdentity({ issuer: world.issuer, ambientDisabled: true, ...request }, context);
  };

  const refuses = (code: string) => (error: unknown) =>
    error instanceof SignError && assert.equal(error.code, code, error.message) === undefined;

  it("come with a browser", async () => {
    const openBrowser = async (address: string) => {
      await comeBack(await enter(address));
      return true;
    };
    const { token, source } = await obtain({ flow: "normal" }, { openBrowser });
    assert.equal(token.identity, alice.email);
    assert.equal(token.kind, "email");
    assert.equal(token.issuer, world.issuer);
    assert.deepEqual(source, { name: "browser", reason: `signed in at ${world.issuer}` });
  });

  it("are refused where the person cancels", async () => {
    const openBrowser = async (address: string) => {
      const browser = new Browser();
      const page = await browser.follow(await browser.get(address));
      await comeBack(await browser.follow(await browser.submit(page, {}, "/cancel")));
      return true;
    };
    await assert.rejects(obtain({ flow: "normal" }, { openBrowser }), refuses("oidc-denied"));
  });

  it("come with a code that the person carries over, which is good once", async () => {
    const told: string[] = [];
    let code = "";
    const person = {
      tell: (line: string) => void told.push(line),
      ask: async () => {
        const end = await enter(/http\S+/.exec(told.at(-1) ?? "")?.[0] ?? "");
        code = /id="code">([\w-]+)</.exec(end.text)?.[1] ?? assert.fail(end.text);
        return `${code}\n`;
      },
    };
    const request = { redirectUrl: "urn:ietf:wg:oauth:2.0:oob" };
    const { token } = await obtain(request, person);
    assert.equal(token.identity, alice.email);
    const again = obtain(request, { ...person, ask: async () => code });
    await assert.rejects(again, refuses("oidc-refused"));
    const made = obtain(request, { ...person, ask: async () => "made-up" });
    await assert.rejects(made, refuses("oidc-refused"));
  });

  const device = (answer: (address: string, code: string) => Promise<void>) => {
    const told: string[] = [];
    let waits = 0;
    const wait = async (waitMs: number) => {
      now += waitMs;
      const [, address = "", code = ""] = /^Go to (\S+) .* (\S+)$/.exec(told[0] ?? "") ?? [];
      if (++waits === 2) await answer(address, code);
    };
    const person = { tell: (line: string) => void told.push(line) };
    return obtain({ flow: "device" }, person, { wait });
  };

  it("come by another device", async () => {
    const { token, source } = await device(async (address, user_code) => {
      const browser = new Browser();
      const page = await browser.submit(await browser.get(address), { user_code }, "/device");
      const form = await browser.follow(await browser.submit(page, { confirm: "yes" }));
      await browser.follow(await browser.submit(form, alice));
    });
    assert.equal(token.identity, alice.email);
    assert.equal(source.name, "device");
  });

  it("are refused on another device, and forgotten with the code", async () => {
    const denied = device(async (address, user_code) => {
      const browser = new Browser();
      const page = await browser.submit(await browser.get(address), { user_code }, "/device");
      await browser.submit(page, { abort: "yes" });
    });
    await assert.rejects(denied, refuses("device-denied"));
    await assert.rejects(
      device(async () => undefined),
      refuses("device-expired"),
    );
  });

  it("come for machines with a secret, and not without it", async () => {
    const clientSecretFile = join(folder, "secret");
    writeFileSync(clientSecretFile, `${world.store.addMachineClient("builder", undefined)}\n`);
    const machine = { flow: "client_credentials", clientId: "builder", clientSecretFile } as const;
    const { token } = await obtain(machine);
    assert.equal(token.identity, "builder");
    assert.equal(token.kind, "subject");
    writeFileSync(clientSecretFile, "wrong");
    await assert.rejects(obtain(machine), refuses("oidc-refused"));
  });

  it("are kept until half a minute before their end", async () => {
    let visits = 0;
    const openBrowser = async (address: string) => {
      visits++;
      await comeBack(await enter(address));
      return true;
    };
    const request = { cache: new TokenCache(join(folder, "cache")), flow: "normal" } as const;
    const { token } = await obtain(request, { openBrowser });
    const kept = await obtain(request, { openBrowser });
    assert.equal(kept.source.name, "cache");
    assert.equal(kept.token.bearer(), token.bearer());
    assert.equal(visits, 1);
    aheadMs = token.expiresAt.getTime() - Date.now() - 29_000;
    assert.equal((await obtain(request, { openBrowser })).source.name, "browser");
    aheadMs = 0;
    assert.equal(visits, 2);
  });

  it("survive a change of the provider's key", async () => {
    await world.idp.rotateKeys();
    const openBrowser = async (address: string) => {
      await comeBack(await enter(address));
      return true;
    };
    const { token } = await obtain({ flow: "normal" }, { openBrowser });
    assert.equal(token.identity, alice.email);
  });

  it("are not asked of a provider by another of its names", async () => {
    for (const issuer of [`${world.issuer}/`, world.issuer.replace("localhost", "127.0.0.1")]) {
      const wrong = obtain({ issuer, flow: "device" }, {});
      await assert.rejects(wrong, refuses("oidc-malformed"));
    }
  });
});
