// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { Browser, locationOf } from "../../test/idp/browser.ts";
import { startIssuer } from "../../test/idp/issuer.ts";
import {
  alice,
  askToken,
  codeOf,
  openWorld,
  pkce,
  redemption,
  signIn,
  signInPage,
} from "../../test/idp/world.ts";

const machine = { grant_type: "client_credentials", client_id: "builder" };

describe("dev mode", () => {
  it("signs anyone in as anybody, and says so", async () => {
    const world = await openWorld({ dev: true });
    try {
      assert.match(world.logs.join(""), /"level":40.*DEV MODE: the identity provider signs anyone/);
      const browser = new Browser();
      const page = await signInPage(world, browser);
      assert.match(page.text, /role="note">Development mode: anyone on this computer/);
      assert.doesNotMatch(page.text, /type="password"/);
      const wrong = await browser.submit(page, { email: "nobody" });
      assert.equal(wrong.status, 400);
      const end = await browser.follow(await browser.submit(page, { email: "bob@example.org" }));
      const { body } = await askToken(world, redemption(codeOf(end)));
      const keys = createLocalJWKSet((await world.idp.jwks()) as JSONWebKeySet);
      const { payload } = await jwtVerify(String(body["id_token"]), keys);
      assert.deepEqual(
        [payload["email"], payload["email_verified"], payload.sub],
        ["bob@example.org", true, "dev:bob@example.org"],
      );
    } finally {
      await world.close();
    }
  });

  for (const listenHost of ["0.0.0.0", "::", "192.0.2.1", "example.com", "localhost.evil.com"]) {
    it(`does not start on ${listenHost}`, async () => {
      const failed = openWorld({ dev: true, listenHost });
      await assert.rejects(failed, { name: "IdpError", code: "not-loopback" });
    });
  }

  it("serves no name but this computer's, whatever points here", async () => {
    const world = await openWorld({ dev: true });
    try {
      const ask = async (host: string): Promise<number | undefined> => {
        const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
        const options = { headers: { host }, agent: false };
        request(`${world.issuer}/jwks`, options, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on("error", reject)
          .end();
        return promise;
      };
      assert.equal(await ask("evil.example:80"), 403);
      assert.equal(await ask("localhost.evil.example"), 403);
      assert.equal(await ask(new URL(world.origin).host), 200);
      assert.equal(await ask("127.0.0.1:1"), 200);
    } finally {
      await world.close();
    }
  });
});

describe("keys", () => {
  it("change without a break: what the old key signed stays valid, and sign-ins go on", async () => {
    let now = Date.now();
    const world = await openWorld({ now: () => now });
    try {
      const client_secret = world.store.addMachineClient("builder", undefined);
      const ask = async () =>
        String((await askToken(world, { ...machine, client_secret })).body["id_token"]);
      const before = await ask();
      const code = codeOf(await signIn(world));
      const [old] = (await world.idp.jwks()).keys;
      await world.idp.rotateKeys();
      const [signing, published] = (await world.idp.jwks()).keys;
      assert.notEqual(signing?.kid, old?.kid);
      assert.equal(published?.kid, old?.kid);
      const served = (await (await fetch(`${world.issuer}/jwks`)).json()) as JSONWebKeySet;
      assert.deepEqual(
        served.keys.map(({ kid }) => kid),
        (await world.idp.jwks()).keys.map(({ kid }) => kid),
      );
      const { status, body } = await askToken(world, redemption(code));
      assert.equal(status, 200);
      const keys = createLocalJWKSet(served);
      for (const token of [before, await ask(), String(body["id_token"])]) {
        await jwtVerify(token, keys, { issuer: world.issuer });
      }
      assert.equal(decodeProtectedHeader(before).kid, old?.kid);
      assert.equal(decodeProtectedHeader(String(body["id_token"])).kid, signing?.kid);
      now += 25 * 3_600_000;
      assert.deepEqual(
        (await world.idp.jwks()).keys.map(({ kid }) => kid),
        [signing?.kid],
      );
    } finally {
      await world.close();
    }
  });

  it("and users, machines and cookies outlive a restart", async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "chancery-idp-"));
    try {
      const first = await openWorld({ dataDirectory });
      const client_secret = first.store.addMachineClient("builder", undefined);
      const kids = (await first.idp.jwks()).keys;
      const id = first.store.userByEmail(alice.email)?.id;
      await first.close();
      assert.equal(statSync(join(dataDirectory, "identity-provider.db")).mode & 0o777, 0o600);
      const second = await openWorld({ dataDirectory });
      assert.deepEqual((await second.idp.jwks()).keys, kids);
      assert.equal((await askToken(second, { ...machine, client_secret })).status, 200);
      assert.equal(second.store.userByEmail(alice.email)?.id, id);
      assert.match(locationOf(await signIn(second)) ?? "", /code=/);
      await second.close();
      const later = await openWorld({ dataDirectory, now: () => Date.now() + 31 * 86_400_000 });
      assert.notDeepEqual((await later.idp.jwks()).keys[0], kids[0]);
      await later.close();
    } finally {
      rmSync(dataDirectory, { recursive: true });
    }
  });
});

describe("secrets", () => {
  it("never reach the log, whatever goes right or wrong", async () => {
    const ci = await startIssuer();
    const upstream = await openWorld();
    const { issuer } = upstream;
    let now = Date.now();
    const world = await openWorld({
      now: () => now,
      trustedIssuers: [{ id: "ci", issuer: ci.url, audience: "sigstore" }],
      upstreams: [{ id: "corp", name: "Corp", issuer, clientId: "sigstore" }],
    });
    const secrets: string[] = [
      alice.password,
      "wrong-password-typed",
      pkce.verifier,
      "wrong-secret",
    ];
    try {
      const client_secret = world.store.addMachineClient("builder", undefined);
      const forMachine = await askToken(world, { ...machine, client_secret });
      await askToken(world, { ...machine, client_secret: "wrong-secret" });
      secrets.push(client_secret, String(forMachine.body["id_token"]));
      const good = await ci.sign({ sub: "job", aud: "sigstore" });
      const bad = await ci.sign({ sub: "job", aud: "other" });
      secrets.push(good, bad);
      for (const subject_token of [good, bad]) {
        const answer = await askToken(world, {
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          client_id: "sigstore",
          subject_token,
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        });
        if (answer.status === 200) secrets.push(String(answer.body["id_token"]));
      }
      const browser = new Browser();
      const page = await signInPage(world, browser);
      const own = new URL(page.url).pathname;
      await browser.submit(page, { ...alice, password: "wrong-password-typed" }, own);
      await browser.submit(page, { ...alice, token: "made-up" }, own);
      for (const redirect_uri of ["urn:ietf:wg:oauth:2.0:oob", undefined]) {
        const end = await signIn(world, redirect_uri === undefined ? {} : { redirect_uri });
        const [code = ""] =
          /(?<=code=|id="code">)[\w-]{20,}/.exec(locationOf(end) ?? end.text) ?? [];
        const answer = await askToken(world, redemption(code));
        await askToken(world, redemption(code));
        secrets.push(code);
        if (answer.status === 200) secrets.push(String(answer.body["id_token"]));
      }
      const away = await browser.submit(page, { upstream: "corp" }, "/upstream");
      const there = await browser.follow(await browser.get(locationOf(away) ?? ""));
      const back = locationOf(await browser.follow(await browser.submit(there, alice))) ?? "";
      await browser.get(`${back}x`);
      await browser.get(back);
      const { searchParams } = new URL(back);
      secrets.push(searchParams.get("code") ?? "", searchParams.get("state") ?? "");
      const body = new URLSearchParams({ client_id: "sigstore", scope: "openid" });
      const device = await fetch(`${world.issuer}/device/auth`, { method: "POST", body });
      const { device_code, user_code } = (await device.json()) as Record<string, string>;
      secrets.push(device_code ?? "", user_code ?? "");
      const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
      for (let i = 0; i < 3; i++) {
        now += i * 4000;
        await askToken(world, {
          grant_type,
          client_id: "sigstore",
          device_code: device_code ?? "",
        });
      }
      const form = await browser.get(`${world.issuer}/device?user_code=${user_code}`);
      await browser.submit(form, { user_code: user_code ?? "" }, "/device");
      await browser.submit(form, { user_code: "BBBB-BBBB" }, "/device");
    } finally {
      await world.close();
      await upstream.close();
      await ci.close();
    }
    const log = [...world.logs, ...upstream.logs].join("");
    assert.ok(secrets.length >= 15, String(secrets.length));
    assert.deepEqual(
      secrets.filter((secret) => secret.length < 8),
      [],
    );
    for (const secret of secrets) assert.ok(!log.includes(secret), secret);
    assert.doesNotMatch(log, /eyJ[\w-]+\.|\$scrypt|idp_(session|signin|resume|upstream)=/);
    for (const message of ["identity token issued", "refused", "wrong address or password"]) {
      assert.ok(log.includes(message), message);
    }
  });
});
