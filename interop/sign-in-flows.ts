// SPDX-License-Identifier: Apache-2.0
// Clients that bring their person to the identity provider themselves: in a browser, or by a code
// that is typed in on another device. The browser is a script that signs in in dev mode:
//
//     node interop/sign-in-flows.ts EMAIL URL
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, locationOf, type Page } from "../packages/server/test/idp/browser.ts";
import { bundleName, type KeylessPlace, keylessQuestion, type Writer } from "./keyless-writers.ts";
import { peer } from "./peers.ts";
import { mustMeanwhile } from "./run-peer.ts";
import { chanceryCommand } from "./verifiers.ts";

/** Each signs a message as whoever signs in. */
export function signInFlows(): Writer<KeylessPlace>[] {
  return [
    cosignFlow("cosign", "normal"),
    cosignFlow("cosign", "device"),
    cosignFlow("cosign-2", "normal"),
    cosignFlow("chancery", "normal"),
    cosignFlow("chancery", "device"),
    pythonFlow(),
  ];
}

/** Ours has the flags of cosign. */
function cosignFlow(
  client: "cosign" | "cosign-2" | "chancery",
  flow: "normal" | "device",
): Writer<KeylessPlace> {
  const [node, chancery] = chanceryCommand;
  // A token that another sign-in left would do for this one.
  const ours = [chancery, "sign-blob", "--token-cache=false"];
  const command = client === "chancery" ? ours : ["sign-blob"];
  return writer(`${client}, signed in ${flow === "device" ? "by device" : "in a browser"}`, {
    program: () => (client === "chancery" ? node : peer(client).path),
    args: (place, out) => {
      const how = ["--fulcio-auth-flow", flow, "--oidc-disable-ambient-providers"];
      const where = ["--signing-config", place.signingConfigs[2]];
      const trust = ["--trusted-root", place.trustedRoot];
      return [...command, "--yes", ...how, ...where, ...trust, "--bundle", out, "artifact.txt"];
    },
  });
}

function pythonFlow(): Writer<KeylessPlace> {
  return writer("sigstore-python, signed in in a browser", {
    program: () => peer("sigstore-python").path,
    args: (place, out) => {
      const command = ["--trust-config", place.trustConfigs[2], "sign"];
      const how = ["--oidc-disable-ambient-providers", "--bundle", out];
      return [...command, ...how, "artifact.txt"];
    },
  });
}

function writer(
  name: string,
  client: {
    readonly program: () => string;
    readonly args: (place: KeylessPlace, out: string) => string[];
  },
): Writer<KeylessPlace> {
  return {
    name,
    write: async (place) => {
      const { folder, identity } = place;
      const out = bundleName(name);
      const opener = scriptedBrowser(folder, identity);
      let device: Promise<void> | undefined;
      await mustMeanwhile(client.program(), client.args(place, out), {
        cwd: folder,
        env: {
          BROWSER: opener.path,
          PATH: `${opener.folder}${delimiter}${process.env["PATH"]}`,
        },
        onOutput: (text) => {
          const [code] = /\b[A-Z]{4}-[A-Z]{4}\b/.exec(text) ?? [];
          if (code !== undefined) device ??= confirmDevice(place.issuer, code, identity);
        },
      });
      await device;
      return keylessQuestion(place, out);
    },
  };
}

/** A program that opens addresses, by the name that Linux has for it. */
function scriptedBrowser(folder: string, email: string): { folder: string; path: string } {
  const bin = join(folder, "bin");
  const path = join(bin, "xdg-open");
  mkdirSync(bin, { recursive: true });
  const script = fileURLToPath(import.meta.url);
  // It ends before the browser does, as the real one: cosign waits for that.
  const line = `"${process.execPath}" "${script}" "${email}" "$1" >/dev/null 2>&1 &`;
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return { folder: bin, path };
}

/** Opens an address, signs in there, and goes where the provider then sends the browser. */
async function signInAt(address: string, email: string): Promise<void> {
  const browser = new Browser();
  let page = await browser.follow(await browser.get(address));
  // sigstore-python's address is of its own server, which sends on to the provider.
  const provider = locationOf(page);
  if (provider !== undefined) page = await browser.follow(await browser.get(provider));
  const callback = locationOf(await signIn(browser, page, email));
  if (callback === undefined) throw new Error("the provider does not lead back to the client");
  await browser.get(callback);
}

/** Enters the code of a device, as its person does on another one. */
async function confirmDevice(issuer: string, code: string, email: string): Promise<void> {
  const browser = new Browser();
  const entered = await browser.get(`${issuer}/device`);
  const shown = await browser.submit(entered, { user_code: code }, "/device");
  const page = await browser.follow(await browser.submit(shown, { confirm: "yes" }));
  const end = await signIn(browser, page, email);
  if (!end.text.includes("You are signed in on your device")) throw new Error(end.text);
}

async function signIn(browser: Browser, page: Page, email: string): Promise<Page> {
  const form = new URL(page.url).pathname;
  return browser.follow(await browser.submit(page, { email }, form));
}

if (import.meta.main) {
  const [, , email = "", address = ""] = process.argv;
  await signInAt(address, email);
}
