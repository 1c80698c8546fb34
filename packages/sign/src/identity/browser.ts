// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";

/** How a platform has an address opened. */
interface Opener {
  readonly program: string;
  readonly parameters: readonly string[];
}

/**
 * Opens an http or https address in the person's browser.
 *
 * No shell is involved, as the address comes from an identity provider; for that reason Windows is
 * not asked by `start`, which is a word of its shell.
 *
 * @returns whether the platform's opener could be started; what becomes of it is not known.
 */
export async function openInBrowser(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const url = URL.parse(address);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return false;
  const opener = openerOf(platform, url.href, environment);
  if (!opener) return false;
  const { program, parameters } = opener;
  return new Promise((resolve) => {
    const options = { env: { ...environment }, stdio: "ignore", detached: true } as const;
    const child = spawn(program, parameters, options);
    child.once("error", () => resolve(false)); // there is no such program
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

function openerOf(
  platform: NodeJS.Platform,
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Opener | undefined {
  if (platform === "darwin") return { program: "open", parameters: [url] };
  if (platform === "win32") {
    return { program: "rundll32", parameters: ["url.dll,FileProtocolHandler", url] };
  }
  const hasScreen = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"].some((name) =>
    Boolean(environment[name]),
  );
  return hasScreen ? { program: "xdg-open", parameters: [url] } : undefined;
}
