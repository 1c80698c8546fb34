// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { keyPath, keyText, nobody, password, refuses } from "../../test/keys.ts";
import { keyFileBytesMax, readPublicKey } from "../key-file/index.ts";
import {
  keyReferenceSchemes,
  loadPrivateKey,
  loadPrivateKeyFile,
  loadPublicKey,
  loadPublicKeyFile,
  savePrivateKey,
  savePublicKey,
} from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-keys-"));
after(() => rmSync(folder, { recursive: true }));
const inFolder = (name: string): string => join(folder, name);
const mode = (path: string): number => statSync(path).mode & 0o777;
const p256 = readPublicKey(keyText("p256.pub"));
const nothing = { environment: {} };

test("a private key is written for its owner only, a public one for everybody", async () => {
  const umask = process.umask(0);
  try {
    await savePrivateKey(inFolder("a.key"), "secret");
    await savePublicKey(inFolder("a.pub"), "public");
  } finally {
    process.umask(umask);
  }
  assert.equal(readFileSync(inFolder("a.key"), "utf8"), "secret");
  assert.equal(mode(inFolder("a.key")), 0o600);
  assert.equal(mode(inFolder("a.pub")), 0o644);
  assert.deepEqual(readdirSync(folder).sort(), ["a.key", "a.pub"], "nothing else is left there");
});

test("an existing file is kept unless overwriting is asked for", async () => {
  const path = inFolder("kept.key");
  writeFileSync(path, "old", { mode: 0o644 });
  await assert.rejects(savePrivateKey(path, "new"), refuses("file-exists"));
  await assert.rejects(savePrivateKey(path, "new", { overwrite: false }), refuses("file-exists"));
  assert.equal(readFileSync(path, "utf8"), "old");
  await savePrivateKey(path, "new", { overwrite: true });
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(mode(path), 0o600, "the protection is that of a new file");
  assert.ok(!readdirSync(folder).some((name) => name.endsWith(".tmp")));
});

test("of several writers of one name one wins, and no key is lost unnoticed", async () => {
  const path = inFolder("raced.key");
  const texts = ["one", "two", "three", "four"];
  const results = await Promise.allSettled(texts.map((text) => savePrivateKey(path, text)));
  const winners = texts.filter((_, i) => results[i]!.status === "fulfilled");
  assert.deepEqual(winners, [readFileSync(path, "utf8")]);
  for (const result of results) {
    if (result.status === "rejected") refuses("file-exists")(result.reason);
  }
});

test("a symbolic link is neither followed nor replaced", async () => {
  const target = inFolder("target.key");
  writeFileSync(target, "target");
  for (const [name, to] of [
    ["link.key", target],
    ["dangling.key", inFolder("absent")],
  ] as const) {
    symlinkSync(to, inFolder(name));
    await assert.rejects(savePrivateKey(inFolder(name), "new"), refuses("file-exists"));
    const forced = savePrivateKey(inFolder(name), "new", { overwrite: true });
    await assert.rejects(forced, refuses("unwritable-file", /symbolic link/));
  }
  assert.equal(readFileSync(target, "utf8"), "target");
  assert.ok(!readdirSync(folder).includes("absent"));
});

test("a folder that is absent or no folder is reported", async () => {
  writeFileSync(inFolder("file"), "");
  for (const path of [inFolder("none/x.key"), inFolder("file/x.key")]) {
    await assert.rejects(savePrivateKey(path, "x"), refuses("unwritable-file"));
    await assert.rejects(
      savePrivateKey(path, "x", { overwrite: true }),
      refuses("unwritable-file"),
    );
  }
  await assert.rejects(
    savePrivateKey(folder, "x", { overwrite: true }),
    refuses("unwritable-file"),
  );
});

test("key files are loaded, and what is wrong with a path is said", async () => {
  const key = await loadPrivateKeyFile(keyPath("p256.pbkdf2-sha256-aes256.key"), password);
  assert.deepEqual(key.publicKey, p256);
  assert.deepEqual(await loadPublicKeyFile(keyPath("p256.pub")), p256);
  for (const load of [loadPrivateKeyFile, loadPublicKeyFile]) {
    await assert.rejects(load(inFolder("no.key")), refuses("unreadable-key", /no such file/));
    await assert.rejects(load(folder), refuses("unreadable-key", /directory/));
  }
  writeFileSync(inFolder("large"), new Uint8Array(keyFileBytesMax + 1));
  await assert.rejects(loadPrivateKeyFile(inFolder("large")), refuses("malformed-key", /longer/));
  await assert.rejects(
    loadPublicKeyFile(keyPath("p521.der.key")),
    refuses("malformed-key", /not text/),
  );
});

test("a reference is a path or an environment variable", async () => {
  const environment = { SECRET: keyText("p256.pkcs8.key"), PUBLIC: keyText("p256.pub"), EMPTY: "" };
  const context = { environment, password: nobody };
  assert.deepEqual((await loadPrivateKey("env://SECRET", context)).publicKey, p256);
  assert.deepEqual(await loadPublicKey("env://PUBLIC", context), p256);
  const path = keyPath("p256.pkcs8.key");
  assert.deepEqual((await loadPrivateKey(path, context)).publicKey, p256);
  assert.deepEqual(await loadPublicKey(keyPath("p256.pub"), context), p256);
  for (const name of ["EMPTY", "ABSENT", "", "toString"]) {
    for (const load of [loadPrivateKey, loadPublicKey]) {
      await assert.rejects(load(`env://${name}`, context), refuses("unreadable-key"), name);
    }
  }
  await assert.rejects(
    loadPrivateKey("env://LOCKED", { environment: { LOCKED: keyText("cosign-p256.cosign.key") } }),
    refuses("password-required"),
  );
});

test("a file may be named like a scheme", async () => {
  for (const name of ["gitlab.key", "env:x", "https:x", "awskms"]) {
    await assert.rejects(loadPublicKey(inFolder(name), nothing), refuses("unreadable-key"));
    await assert.rejects(loadPublicKey(name, nothing), refuses("unreadable-key", /no such file/));
  }
});

test("references to stores that are not supported are refused by name", async () => {
  const references = {
    awskms: "awskms:///alias/key",
    gcpkms: "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
    azurekms: "azurekms://vault/key",
    hashivault: "hashivault://key",
    k8s: "k8s://namespace/secret",
    gitlab: "gitlab://project",
    pkcs11: "pkcs11:token=t;object=o?module-path=/lib.so&pin-value=1234",
    ENV: "ENV://NAME",
    file: "file:///etc/key",
  };
  for (const [name, reference] of Object.entries(references)) {
    for (const load of [loadPrivateKey, loadPublicKey]) {
      await assert.rejects(
        load(reference, nothing),
        (error) =>
          refuses("unsupported-key-reference", new RegExp(`${name}:`))(error) &&
          !String(error).includes("1234"),
      );
    }
  }
  assert.deepEqual(
    keyReferenceSchemes.map(({ name }) => name),
    ["env", "https", "file"],
  );
});

/** A network of pages; what is asked for beyond them ends the test. */
function web(pages: Record<string, () => Response>): { fetch: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const send = async (
    input: Parameters<typeof fetch>[0],
    init?: RequestInit,
  ): Promise<Response> => {
    assert.equal(init?.redirect, "manual");
    assert.ok(init?.signal);
    assert.ok(input instanceof URL);
    const url = input.href;
    asked.push(url);
    return pages[url]?.() ?? assert.fail(url);
  };
  return { fetch: send, asked };
}

const page = (body: string | ReadableStream, status = 200): Response =>
  new Response(body, { status });
const moved = (location: string): Response =>
  new Response("see there", { status: 302, headers: { location } });

test("a public key is fetched over https, through redirections that stay there", async () => {
  const { fetch, asked } = web({
    "https://example.com/key?user=x": () => moved("/cosign.pub"),
    "https://example.com/cosign.pub": () => moved("https://cdn.example.com/cosign.pub"),
    "https://cdn.example.com/cosign.pub": () => page(keyText("p256.pub")),
    "http://127.0.0.1:8080/key": () => page(keyText("p256.pub")),
  });
  const context = { environment: {}, fetch };
  assert.deepEqual(await loadPublicKey("https://example.com/key?user=x", context), p256);
  assert.equal(asked.length, 3);
  assert.deepEqual(await loadPublicKey("http://127.0.0.1:8080/key", context), p256);
});

test("what the network answers instead of a key is refused", async () => {
  const endless = (): Response => {
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        assert.ok(++chunks < 100, "the download goes on");
        controller.enqueue(new Uint8Array(4096));
      },
    });
    return page(body);
  };
  const { fetch, asked } = web({
    "https://e.com/404": () => page("", 404),
    "https://e.com/empty": () => page(""),
    "https://e.com/html": () => page("<html>"),
    "https://e.com/endless": endless,
    "https://e.com/loop": () => moved("/loop"),
    "https://e.com/down": () => moved("http://e.com/key"),
    "https://e.com/inside": () => moved("http://localhost/key"),
    "https://e.com/file": () => moved("file:///etc/passwd"),
    "https://e.com/nowhere": () => moved("https://"),
    "https://e.com/broken": () => {
      throw new TypeError("fetch failed");
    },
  });
  const context = { environment: {}, fetch };
  for (const name of ["404", "endless", "loop", "down", "inside", "file", "nowhere", "broken"]) {
    const attempt = loadPublicKey(`https://e.com/${name}`, context);
    await assert.rejects(attempt, refuses("unreadable-key"), name);
  }
  assert.equal(asked.filter((url) => url.endsWith("/loop")).length, 6);
  for (const name of ["empty", "html"]) {
    const attempt = loadPublicKey(`https://e.com/${name}`, context);
    await assert.rejects(attempt, refuses("malformed-key"), name);
  }
  for (const reference of ["http://e.com/key", "https://", "http://127.0.0.1.e.com/key"]) {
    await assert.rejects(loadPublicKey(reference, context), refuses("unreadable-key"), reference);
  }
});

test("nothing is fetched without leave, and private keys never", async () => {
  const address = "https://user:hunter2@e.com/key?token=hunter2";
  const { fetch, asked } = web({});
  const quiet = (error: unknown): boolean => !String(error).includes("hunter2");
  await assert.rejects(
    loadPublicKey(address, nothing),
    (error) => refuses("unreadable-key", /network/)(error) && quiet(error),
  );
  for (const reference of [address, "http://localhost/key", "https://"]) {
    await assert.rejects(
      loadPrivateKey(reference, { environment: {}, fetch }),
      (error) => refuses("unsupported-key-reference")(error) && quiet(error),
    );
  }
  assert.deepEqual(asked, []);
});
