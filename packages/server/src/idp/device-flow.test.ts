// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Browser, type Page } from "../../test/idp/browser.ts";
import { alice, askToken, type IdpWorld, openWorld, pkce } from "../../test/idp/world.ts";

interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

describe("device flow", () => {
  let world: IdpWorld;
  let now = Date.now();
  before(async () => {
    world = await openWorld({ now: () => now });
  });
  after(async () => world.close());

  const begin = async (): Promise<DeviceAnswer> => {
    const body = new URLSearchParams({
      client_id: "sigstore",
      scope: "openid email",
      code_challenge: pkce.challenge,
      code_challenge_method: "S256",
    });
    const response = await fetch(`${world.issuer}/device/auth`, { method: "POST", body });
    assert.equal(response.status, 200);
    return (await response.json()) as DeviceAnswer;
  };
  /** As cosign asks, which sends its verifier too. @param waitMs since the question before. */
  const poll = async (device_code: string, waitMs = 5000) => {
    now += waitMs;
    return askToken(world, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: "sigstore",
      device_code,
      scope: "openid email",
      code_verifier: pkce.verifier,
    });
  };
  const errorOf = async (device_code: string, waitMs?: number) => {
    const { status, body } = await poll(device_code, waitMs);
    return [status, body["error"]];
  };
  const enter = async (browser: Browser, user_code: string): Promise<Page> =>
    browser.submit(await browser.get(`${world.issuer}/device`), { user_code }, "/device");

  it("signs in on another device", async () => {
    const device = await begin();
    assert.match(device.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    assert.equal(device.verification_uri, `${world.issuer}/device`);
    assert.deepEqual([device.expires_in, device.interval], [600, 5]);
    assert.deepEqual(await errorOf(device.device_code), [400, "authorization_pending"]);
    const browser = new Browser();
    const confirm = await enter(browser, device.user_code.toLowerCase().replace("-", " "));
    assert.match(confirm.text, /Does your device show this code\?/);
    assert.ok(confirm.text.includes(device.user_code));
    const page = await browser.follow(await browser.submit(confirm, { confirm: "yes" }));
    assert.match(page.text, /A program on another device wants to sign/);
    assert.deepEqual(await errorOf(device.device_code), [400, "authorization_pending"]);
    const end = await browser.follow(await browser.submit(page, alice));
    assert.match(end.text, /You are signed in on your device\./);
    const { status, body } = await poll(device.device_code);
    assert.equal(status, 200);
    assert.equal(body["access_token"], body["id_token"]);
    const [, payload = ""] = String(body["id_token"]).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const { email, email_verified, aud } = claims as Record<string, unknown>;
    assert.deepEqual([email, email_verified, aud], [alice.email, true, "sigstore"]);
    assert.deepEqual(await errorOf(device.device_code), [400, "invalid_grant"]);
  });

  it("puts the code of an address into the field, and sends nothing by itself", async () => {
    const device = await begin();
    const browser = new Browser();
    const page = await browser.get(device.verification_uri_complete);
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(`value="${device.user_code}"`));
    assert.doesNotMatch(page.text, /<script/);
  });

  it("tells a device to slow down", async () => {
    const { device_code } = await begin();
    assert.deepEqual(await errorOf(device_code), [400, "authorization_pending"]);
    assert.deepEqual(await errorOf(device_code, 1000), [400, "slow_down"]);
    assert.deepEqual(await errorOf(device_code), [400, "authorization_pending"]);
  });

  it("tells a device that it was refused", async () => {
    const device = await begin();
    const browser = new Browser();
    const confirm = await enter(browser, device.user_code);
    const end = await browser.submit(confirm, { abort: "yes" });
    assert.match(end.text, /The device was refused/);
    assert.deepEqual(await errorOf(device.device_code), [400, "access_denied"]);
  });

  it("tells a device that the person cancelled on the sign-in page", async () => {
    const device = await begin();
    const browser = new Browser();
    const confirm = await enter(browser, device.user_code);
    const page = await browser.follow(await browser.submit(confirm, { confirm: "yes" }));
    const end = await browser.follow(await browser.submit(page, {}, "/cancel"));
    assert.match(end.text, /The device was refused/);
    assert.deepEqual(await errorOf(device.device_code), [400, "access_denied"]);
  });

  it("knows only codes that it made, each for one sign-in", async () => {
    const unknown = await enter(new Browser(), "BBBB-BBBB");
    assert.match(unknown.text, /There is no such code\./);
    const nothing = await enter(new Browser(), "");
    assert.match(nothing.text, /Enter the code first\./);
    const device = await begin();
    const browser = new Browser();
    await browser.submit(await enter(browser, device.user_code), { confirm: "yes" });
    const again = await enter(new Browser(), device.user_code);
    assert.match(again.text, /This code has been used\./);
    assert.deepEqual(await errorOf("made-up"), [400, "invalid_grant"]);
  });

  it("refuses to end a sign-in that never began in the browser", async () => {
    for (const uid of ["unknown", "auth"]) {
      const page = await new Browser().get(`${world.issuer}/device/${uid}`);
      assert.equal(page.status, 400);
      assert.match(page.text, /this sign-in is over, or was begun in another browser/);
    }
  });

  it("refuses a code that another site's form sends", async () => {
    const device = await begin();
    const browser = new Browser();
    const page = await browser.get(`${world.issuer}/device`);
    for (const xsrf of ["", "x".repeat(48)]) {
      const fields = { user_code: device.user_code, confirm: "yes", xsrf };
      const answer = await browser.submit(page, fields, "/device");
      assert.equal(answer.status, 400);
    }
    assert.deepEqual(await errorOf(device.device_code), [400, "authorization_pending"]);
  });

  it("makes those wait who guess codes", async () => {
    now += 3_600_000;
    const browser = new Browser();
    let page = await enter(browser, "BBBB-BBBB");
    for (let i = 1; i < 20; i++) page = await browser.submit(page, { user_code: "BBBB-BBBB" });
    assert.equal(page.status, 200);
    page = await browser.submit(page, { user_code: "BBBB-BBBB" });
    assert.equal(page.status, 429);
    assert.equal(page.headers.get("retry-after"), "300");
    now += 3_600_000;
  });
});
