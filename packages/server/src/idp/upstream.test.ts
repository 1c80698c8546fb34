// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { Browser, locationOf, type Page } from "../../test/idp/browser.ts";
import { startIssuer } from "../../test/idp/issuer.ts";
import {
  alice,
  askToken,
  codeOf,
  type IdpWorld,
  openWorld,
  redemption,
  signInPage,
} from "../../test/idp/world.ts";

describe("signing in at another provider", () => {
  let corporate: IdpWorld;
  let world: IdpWorld;
  before(async () => {
    corporate = await openWorld();
    const { issuer } = corporate;
    const down = { id: "down", name: "Down & Out", issuer: "http://127.0.0.1:1", clientId: "x" };
    world = await openWorld({
      upstreams: [{ id: "corp", name: "Example Corp", issuer, clientId: "sigstore" }, down],
    });
  });
  after(async () => {
    await world.close();
    await corporate.close();
  });

  /** Goes to the other provider's sign-in page. */
  const depart = async (browser: Browser): Promise<Page> => {
    const page = await signInPage(world, browser);
    const away = await browser.submit(page, { upstream: "corp" }, "/upstream");
    assert.equal(away.status, 303);
    return browser.follow(await browser.get(locationOf(away) ?? ""));
  };
  /** Signs in there, and stops before coming back. @returns the address to come back to */
  const returnAddress = async (browser: Browser): Promise<string> => {
    const there = await depart(browser);
    return locationOf(await browser.follow(await browser.submit(there, alice))) ?? "";
  };

  it("takes over who signed in there, under our own name", async () => {
    const browser = new Browser();
    const end = await browser.follow(await browser.get(await returnAddress(browser)));
    const { status, body } = await askToken(world, redemption(codeOf(end)));
    assert.equal(status, 200);
    const claims = decodeJwt(String(body["id_token"]));
    const id = corporate.store.userByEmail(alice.email)?.id;
    assert.equal(claims.iss, world.issuer);
    assert.equal(claims.sub, `corp:${id}`);
    assert.deepEqual([claims["email"], claims["email_verified"]], [alice.email, true]);
    assert.deepEqual(claims["federated_claims"], { connector_id: corporate.issuer, user_id: id });
    assert.equal(claims["nonce"], "some-nonce");
  });

  it("shows a button for each, and lets forms lead there", async () => {
    const page = await signInPage(world, new Browser());
    assert.match(page.text, /Continue with Example Corp<\/button>/);
    assert.match(page.text, /Continue with Down &amp; Out<\/button>/);
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.ok(policy.includes(` ${corporate.origin} http://127.0.0.1:1;`), policy);
  });

  it("does not let one browser finish what another began", async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    const there = await depart(attacker);
    const away = new URL(there.url);
    assert.match(away.pathname, /interaction/);
    const address = await returnAddress(attacker);
    const page = await victim.follow(await victim.get(address));
    assert.equal(page.status, 400);
    assert.match(page.text, /this sign-in was begun in another browser/);
    const late = await attacker.get(address);
    assert.match(late.text, /took too long, or was finished before/);
  });

  it("takes an answer once, and none that it did not ask for", async () => {
    const browser = new Browser();
    const address = await returnAddress(browser);
    assert.equal((await browser.get(address)).status, 303);
    assert.match((await browser.get(address)).text, /was finished before/);
    const madeUp = await browser.get(`${world.issuer}/callback?code=x&state=y`);
    assert.equal(madeUp.status, 400);
    const nothing = await browser.get(`${world.issuer}/callback`);
    assert.equal(nothing.status, 400);
  });

  it("refuses a code that is not the other provider's, and says nothing of why", async () => {
    const browser = new Browser();
    const address = new URL(await returnAddress(browser));
    address.searchParams.set("code", "another");
    const page = await browser.get(address.href);
    assert.equal(page.status, 400);
    assert.match(page.text, /Example Corp did not sign you in, or its answer could not be checked/);
  });

  it("refuses an answer that names another issuer (RFC 9207)", async () => {
    const browser = new Browser();
    const address = new URL(await returnAddress(browser));
    address.searchParams.set("iss", "https://evil.example");
    assert.match((await browser.get(address.href)).text, /its answer could not be checked/);
  });

  it("goes nowhere before somebody signed in, nor to a provider that is unknown", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser);
    const early = await browser.get(`${page.url}/upstream`);
    assert.equal(early.status, 400);
    assert.match(early.text, /Nobody signed in for this/);
    const unknown = await browser.submit(page, { upstream: "nobody" }, "/upstream");
    assert.match(unknown.text, /there is no such place to sign in/);
    const forged = await browser.submit(page, { upstream: "corp", token: "x" }, "/upstream");
    assert.equal(forged.status, 403);
  });

  it("says that a provider is down", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser);
    const answer = await browser.submit(page, { upstream: "down" }, "/upstream");
    assert.equal(answer.status, 400);
    assert.match(answer.text, /Down &amp; Out cannot be reached: try again later/);
  });

  it("does not take another provider's word where its documents lead elsewhere", async () => {
    const lying = await startIssuer({ redirectTo: `${corporate.issuer}/jwks` });
    const upstream = { id: "lying", name: "Lying", issuer: lying.url, clientId: "x" };
    const other = await openWorld({ upstreams: [upstream] });
    try {
      const browser = new Browser();
      const page = await signInPage(other, browser);
      const answer = await browser.submit(page, { upstream: "lying" }, "/upstream");
      assert.match(answer.text, /Lying cannot be reached/);
    } finally {
      await other.close();
      await lying.close();
    }
  });
});
