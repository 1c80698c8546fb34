// SPDX-License-Identifier: Apache-2.0
// The libraries as published, in a real browser: a person's way through the page, and every case of
// the conformance suite with the same answers as in Node.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256 } from "@chancery/formats/crypto";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import {
  type ConformanceCase,
  conformanceCases,
  conformanceCount,
  malformedKeyCase,
} from "../conformance-cases.ts";
import { type Answer, answerOf, type Form } from "./answers.ts";
import { buildPage, bundleForBrowser } from "./build-page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const absent = existsSync(program) ? undefined : `no browser at ${program}; set CHROMIUM`;
const skip = absent !== undefined && process.env["CI"] !== "true" && absent;

/** Every wait is for something that takes milliseconds. */
const timeoutMs = 5000;

describe("the page in a browser", () => {
  const work = mkdtempSync(join(tmpdir(), "chancery-browser-"));
  const address = pathToFileURL(join(work, "verify.html")).href;
  const complaints: string[] = [];
  const requests: string[] = [];
  let opened = 0;
  let hooks: string;
  let context: BrowserContext;

  before(async () => {
    if (skip !== false) return;
    if (absent !== undefined) throw new Error(absent);
    const modules = join(work, "node_modules");
    const script = join(root, "scripts/build.ts");
    const args = [script, "--out", join(modules, "@chancery"), "formats", "verify"];
    const build = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(build.status, 0, build.stdout + build.stderr);
    writeFileSync(join(work, "verify.html"), await buildPage(modules));
    hooks = await bundleForBrowser(join(root, "test/browser/page/testing.ts"), modules);
    context = await launch(join(work, "profile"));
    context.on("request", (request) => requests.push(request.url()));
    context.on("console", (message) => complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
  });
  after(async () => {
    await context?.close();
    rmSync(work, { recursive: true });
  });

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    opened++;
    await page.evaluate(hooks);
    return page;
  }

  test("says what it needs before it can answer, and leads there", { skip }, async () => {
    const page = await open();
    assert.match(await page.locator("#answer").innerText(), /Still needed\s+the bundle/);
    await page.getByRole("button", { name: "Verify" }).click();
    assert.match(await page.locator("#spoken").innerText(), /^Still needed: the bundle; /);
    assert.equal(await page.evaluate("document.activeElement.id"), "bundle");
  });

  test(
    "verifies what is dropped, refuses a changed artifact, and says why",
    { skip },
    async (t) => {
      const item = conformanceCases(t)?.get("happy-path-v0.3");
      if (item?.signer.kind !== "identity") return;
      const page = await open();
      await drop(page, "bundle", ["bundle.sigstore.json", item.bundle]);
      await drop(page, "artifact", ["a.txt", item.artifact]);
      await drop(page, "trustedRoot", ["trusted_root.json", item.trustedRoot]);
      await page.getByLabel("Identity").fill(item.signer.identity);
      await page.getByLabel("Issuer").fill(item.signer.issuer);
      await page.getByRole("button", { name: "Verify" }).click();
      await page.getByRole("heading", { name: "Verified" }).waitFor();
      assert.match(await page.locator("#spoken").innerText(), /^Verified: 13 passed$/);
      assert.match(
        await page.locator(".facts").innerText(),
        /rekor\.sigstore\.dev, entry 79571823/,
      );
      assert.equal(await page.locator(".checks > li.passed").count(), 13);

      const tampered = new Uint8Array([...item.artifact, 0x21]);
      await drop(page, "artifact", ["a.txt", tampered]);
      await page.getByRole("heading", { name: "Refused" }).waitFor();
      const banner = await page.locator(".banner").innerText();
      assert.match(banner, /The bundle is of another artifact\s+artifact-digest-mismatch/);
      const failed = page.locator('[data-check="artifact"]');
      assert.match(await failed.innerText(), /failed[^]*artifact-digest-mismatch[^]*sha256/);

      await page.getByRole("button", { name: "Remove the artifact" }).click();
      const digest = Buffer.from(sha256(item.artifact)).toString("hex");
      await page.getByLabel("SHA-256").fill(`sha256:${digest}`);
      await page.getByLabel("SHA-256").press("Enter");
      await page.getByRole("heading", { name: "Verified" }).waitFor();
    },
  );

  test("verifies a bundle that another implementation made", { skip }, async () => {
    const folder = join(root, "test/fixtures/peers");
    const page = await open();
    for (const [slot, file] of [
      ["bundle", "sigstore-js/message/bundle.sigstore.json"],
      ["artifact", "sigstore-js/message/artifact.txt"],
      ["trustedRoot", "instance/trusted_root.json"],
    ] as const) {
      await drop(page, slot, [file, readFileSync(join(folder, file))]);
    }
    const { identity, issuer } = JSON.parse(
      readFileSync(join(folder, "sigstore-js/message/case.json"), "utf8"),
    ) as { identity: string; issuer: string };
    await page.getByLabel("Identity").fill(identity);
    await page.getByLabel("Issuer").fill(issuer);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "Verified" }).waitFor();
    await page.getByLabel("Identity").fill(`${identity}x`);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "Refused" }).waitFor();
    assert.match(await page.locator(".banner").innerText(), /identity-mismatch/);
  });

  test(
    "knows files dropped together by what they hold, and takes a key for an identity",
    { skip },
    async () => {
      const page = await open();
      const folder = join(root, "test/fixtures/peers/cosign/key-blob");
      const files = ["bundle.sigstore.json", "artifact.txt", "cosign.pub"].map(
        (name) => [name, readFileSync(join(folder, name))] as const,
      );
      await drop(page, undefined, ...files);
      await page.locator(".banner").waitFor();
      assert.match(await page.locator(".banner").innerText(), /Refused[^]*log-entry-missing/);
      assert.ok(await page.getByLabel("Identity").isDisabled());
      await page.getByLabel("transparency log").uncheck();
      await page.getByRole("heading", { name: "Verified" }).waitFor();
      assert.match(
        await page.locator(".facts").innerText(),
        /Signed with key\s+sha256:[0-9a-f]{64}/,
      );
    },
  );

  test(
    "can be used with the keyboard alone: every field is named and reached in order",
    { skip },
    async () => {
      const page = await open();
      const reached: string[] = [];
      for (let i = 0; i < 9; i++) {
        await page.keyboard.press("Tab");
        const named =
          "(a => (a.labels?.[0] ?? a).innerText.split('\\n')[0])(document.activeElement)";
        reached.push(String(await page.evaluate(named)).trim());
      }
      const words = [
        "Bundle",
        "Artifact",
        "SHA-256",
        "root",
        "Identity",
        "Issuer",
        "key",
        "log",
        "",
      ];
      for (const [i, word] of words.entries()) assert.ok(reached[i]?.includes(word), reached[i]);
      assert.equal(reached.at(-1), "Verify");
    },
  );

  test("shows what hostile files say as text", { skip }, async () => {
    const page = await open();
    const markup = "<img src=x onerror=alert(1)>";
    const bundle = `{"mediaType": "${markup}"}`;
    await drop(page, "bundle", [`${markup}.json`, Buffer.from(bundle)]);
    await drop(page, "artifact", [markup, Buffer.from("a")]);
    await drop(page, "key", ["a.pub", Buffer.from(markup)]);
    await page.getByRole("heading", { name: "Could not verify" }).waitFor();
    await page.getByRole("button", { name: "Remove the key" }).click();
    await page.getByLabel("Identity").fill(markup);
    await page.getByLabel("Issuer").fill(markup);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "Refused" }).waitFor();
    assert.match(await page.locator(".banner").innerText(), /bundle-unknown-media-type/);
    assert.equal(await page.locator("img").count(), 0);
  });

  test(
    "gives every conformance case the answer of Node, by path and by digest",
    { skip },
    async (t) => {
      const cases = [...(conformanceCases(t)?.values() ?? [])];
      if (cases.length === 0) return;
      assert.equal(cases.length, conformanceCount);
      const page = await open();
      for (const form of ["path", "digest"] as const) {
        const answers = await answersInPage(page, cases, form);
        for (const [i, item] of cases.entries()) {
          const answer = answers[i];
          assert.deepEqual(answer, answerOf(item, form), `${item.name} by ${form}`);
          if (item.name === malformedKeyCase) assert.ok(answer && "refusedKey" in answer);
          else if (answer && "verdict" in answer) {
            assert.equal(answer.verdict, item.verdict, `${item.name} by ${form}`);
            assert.equal(answer.reason, item.reason, `${item.name} by ${form}`);
          } else assert.fail(item.name);
        }
      }
    },
  );

  test("made no request but for itself, and no complaint", { skip }, () => {
    assert.ok(opened >= 5);
    assert.deepEqual(
      requests,
      Array.from({ length: opened }, () => address),
    );
    assert.deepEqual(complaints, []);
  });
});

async function launch(profile: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  context.setDefaultTimeout(timeoutMs);
  return context;
}

/** Drops files on a zone, or beside all of them. */
async function drop(
  page: Page,
  slot: string | undefined,
  ...files: readonly (readonly [name: string, content: Uint8Array])[]
): Promise<void> {
  const listed = files.map(([name, content]) => ({ name, content: base64(content) }));
  const dataTransfer = await page.evaluateHandle(`testing.transferOf(${JSON.stringify(listed)})`);
  const target = page.locator(slot === undefined ? "h1" : `[data-slot="${slot}"]`);
  for (const type of ["dragenter", "dragover", "drop"]) {
    await target.dispatchEvent(type, { dataTransfer });
  }
}

async function answersInPage(
  page: Page,
  cases: readonly ConformanceCase[],
  form: Form,
): Promise<Answer[]> {
  const questions = cases.map(({ bundle, artifact, trustedRoot, signer }) => ({
    bundle: base64(bundle),
    artifact: base64(artifact),
    trustedRoot: base64(trustedRoot),
    signer,
  }));
  return page.evaluate<Answer[]>(`testing.answerAll(${JSON.stringify(questions)}, "${form}")`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
