// SPDX-License-Identifier: Apache-2.0

/** An answer, with its body read. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** As much of a browser as a sign-in needs: cookies by path, forms, and redirects on request. */
export class Browser {
  readonly #cookies = new Map<string, Cookie>();

  async get(url: string): Promise<Page> {
    return this.#request(url, { method: "GET" });
  }

  async post(url: string, fields: Readonly<Record<string, string>>): Promise<Page> {
    return this.#request(url, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Goes on from a page while it redirects within its origin. */
  async follow(page: Page): Promise<Page> {
    let at = page;
    for (let i = 0; i < 10; i++) {
      const next = locationOf(at);
      if (next === undefined || !URL.canParse(next)) return at;
      if (new URL(next).origin !== new URL(at.url).origin) return at;
      at = await this.get(next);
    }
    throw new Error("redirects without end");
  }

  /** Sends a form of a page: the one whose action ends so, with its hidden fields. */
  async submit(page: Page, fields: Readonly<Record<string, string>>, action = ""): Promise<Page> {
    const form = formsOf(page).find((candidate) => candidate.action.endsWith(action));
    if (!form) throw new Error(`no form ${action} on ${page.url}: ${page.text}`);
    return this.post(new URL(form.action, page.url).href, { ...form.hidden, ...fields });
  }

  cookieNames(): readonly string[] {
    return [...this.#cookies.values()].map(({ name }) => name);
  }

  async #request(url: string, init: RequestInit): Promise<Page> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies.values()]
      .filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, "/")))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
    const headers = { accept: "text/html,*/*;q=0.8", ...(cookie && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const { status } = response;
    return { url, status, headers: response.headers, text: await response.text() };
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? "/";
    const isOver = /expires=Thu, 01 Jan 1970/i.test(line);
    if (isOver) this.#cookies.delete(`${path} ${name}`);
    else this.#cookies.set(`${path} ${name}`, { name, value, path });
  }
}

/** Where a page redirects to, in full. */
export function locationOf({ url, headers }: Page): string | undefined {
  const location = headers.get("location");
  return location === null ? undefined : (URL.parse(location, url)?.href ?? location);
}

interface Form {
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
}

export function formsOf({ text }: Page): readonly Form[] {
  return [...text.matchAll(/<form method="post" action="([^"]*)">(.*?)<\/form>/gs)].map(
    ([, action = "", content = ""]) => ({
      action,
      hidden: Object.fromEntries(
        [...content.matchAll(/type="hidden"\s+name="(\w+)"\s+value="([^"]*)"/g)].map(
          ([, name = "", value = ""]) => [name, value],
        ),
      ),
    }),
  );
}
