// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Browser, formsOf, locationOf, type Page } from "../../test/idp/browser.ts";
import {
  alice,
  authorizationUrl,
  type IdpWorld,
  openWorld,
  signInPage,
} from "../../test/idp/world.ts";

const wrongPassword = { email: alice.email, password: "wrong" };

describe("the sign-in page", () => {
  let world: IdpWorld;
  let now = Date.now();
  before(async () => {
    world = await openWorld({ now: () => now });
  });
  after(async () => world.close());

  const tryTo = async (fields: Record<string, string>): Promise<Page> => {
    const browser = new Browser();
    return browser.submit(await signInPage(world, browser), fields);
  };

  it("says the same of a wrong password and of somebody unknown", async () => {
    const wrong = await tryTo(wrongPassword);
    const unknown = await tryTo({ email: "mallory@example.com", password: "wrong" });
    assert.deepEqual([wrong.status, unknown.status], [403, 403]);
    const text = 'role="alert" id="problem">The e-mail address or the password is wrong.</p>';
    assert.ok(wrong.text.includes(text));
    assert.ok(unknown.text.includes(text));
    assert.match(wrong.text, /value="alice@example.com"\s+required/);
    assert.match(wrong.text, /aria-describedby="problem" aria-invalid="true"/);
    assert.doesNotMatch(wrong.text, /"wrong"/);
  });

  it("lets the right password in after a wrong one", async () => {
    const browser = new Browser();
    const again = await browser.submit(await signInPage(world, browser), wrongPassword);
    const end = await browser.follow(await browser.submit(again, alice));
    assert.match(locationOf(end) ?? "", /[?&]code=/);
  });

  it("takes an address in other case, and a password composed in another way", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser);
    const done = await browser.submit(page, { ...alice, email: " ALICE@example.COM " });
    assert.equal(done.status, 303);
  });

  const forms: [string, Record<string, string>][] = [
    ["without its token", { token: "" }],
    ["with a made-up token", { token: "x".repeat(43) }],
  ];
  for (const [name, fields] of forms) {
    for (const action of ["", "/cancel"]) {
      it(`refuses a form ${name}${action && ` to ${action}`}`, async () => {
        const browser = new Browser();
        const page = await signInPage(world, browser);
        const answer = await browser.submit(page, { ...alice, ...fields }, action);
        assert.equal(answer.status, 403);
        assert.equal(answer.headers.get("location"), null);
        assert.match(answer.text, /This form did not come from our page/);
      });
    }
  }

  it("refuses the token of another sign-in", async () => {
    const [mine, theirs] = [new Browser(), new Browser()];
    const other = formsOf(await signInPage(world, theirs))[0]?.hidden["token"] ?? "";
    const page = await signInPage(world, mine);
    const answer = await mine.submit(page, { ...alice, token: other });
    assert.equal(answer.status, 403);
  });

  it("refuses a sign-in that another browser began, and one that is made up", async () => {
    const page = await signInPage(world, new Browser());
    for (const url of [page.url, `${world.issuer}/interaction/made-up`]) {
      const answer = await new Browser().get(url);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /begun in another browser, or took too long/);
    }
  });

  it("refuses a form that is not one, and one that is too large", async () => {
    const page = await signInPage(world, new Browser());
    const send = async (body: string, type: string) =>
      fetch(page.url, { method: "POST", body, headers: { "content-type": type } });
    assert.equal((await send("{}", "application/json")).status, 400);
    assert.equal((await send("x".repeat(50_000), "text/plain")).status, 413);
    assert.equal((await fetch(page.url, { method: "PUT" })).status, 405);
  });

  it("makes those wait who guess: five tries at one address, whatever the password", async () => {
    now += 3_600_000;
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await tryTo(wrongPassword)).status);
    assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429]);
    const right = await tryTo(alice);
    assert.equal(right.status, 429);
    assert.equal(right.headers.get("retry-after"), "300");
    assert.match(right.text, /Too many tries\. Wait 5 minutes\./);
    now += 300_000;
    assert.equal((await tryTo(alice)).status, 303);
  });

  it("counts tries that are made at once", async () => {
    now += 3_600_000;
    const answers = await Promise.all(Array.from({ length: 8 }, async () => tryTo(wrongPassword)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
  });

  it("makes a place wait that tries many addresses", async () => {
    now += 3_600_000;
    const browser = new Browser();
    const page = await signInPage(world, browser);
    let answer = page;
    for (let i = 0; i < 61; i++) {
      // One hash costs what a person's does; a password that is too long costs the same.
      world.store.addUser(
        `u${i}@example.com`,
        world.store.userByEmail(alice.email)?.passwordHash ?? "",
      );
      answer = await browser.submit(page, { email: `u${i}@example.com`, password: "wrong" });
    }
    assert.equal(answer.status, 429);
  });

  it("does not carry a sign-in to another provider's cookies", async () => {
    const browser = new Browser();
    await browser.get(authorizationUrl(world));
    const names = browser.cookieNames().toSorted();
    assert.deepEqual(names, ["idp_resume", "idp_resume.sig", "idp_signin", "idp_signin.sig"]);
  });
});
