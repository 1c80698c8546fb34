// SPDX-License-Identifier: Apache-2.0
import type { FastifyBaseLogger } from "fastify";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import { Counter } from "prom-client";
import type { ServerMetrics } from "../http/index.ts";
import { outOfBandUri } from "./redirects.ts";
import type { PageWriter } from "./page-writer.ts";
import { codeContent, problemContent } from "./pages/index.ts";

/** How often devices may ask whether they are signed in (RFC 8628 §3.5). */
export const devicePollSeconds = 5;

/** Records what is issued. */
export class TokenLog {
  readonly logger: FastifyBaseLogger;
  readonly #issued: Counter;

  constructor(logger: FastifyBaseLogger, metrics: ServerMetrics) {
    this.logger = logger;
    this.#issued = new Counter({
      name: "chancery_idp_tokens",
      help: "Identity tokens issued, by the grant they were asked for with",
      labelNames: ["grant"],
      registers: [metrics.registry],
    });
  }

  /** Leaves a record by which a token can be found again, and which nobody can use as one. */
  issued(
    grant: string,
    client: string | undefined,
    claims: Readonly<Record<string, unknown>>,
  ): void {
    const { jti, sub, email, exp } = claims;
    this.#issued.inc({ grant });
    this.logger.info({ grant, client, jti, sub, email, exp }, "identity token issued");
  }
}

/** Makes the library's answers those that Sigstore's clients read. */
export function addTokenAnswers(
  provider: Provider,
  { log, pages }: { readonly log: TokenLog; readonly pages: PageWriter },
): void {
  provider.use(async (ctx, next) => {
    await next();
    const context = ctx as KoaContextWithOIDC;
    const route = (context.oidc as KoaContextWithOIDC["oidc"] | undefined)?.route;
    if (route === "token" && ctx.status === 200) await finishTokens(context, log);
    if (route === "device_authorization" && ctx.status === 200) {
      (ctx.body as Record<string, unknown>)["interval"] = devicePollSeconds;
    }
    if (route === "discovery") withoutRefresh(ctx.body as Record<string, unknown>);
    const location = ctx.res.getHeader("location");
    if (typeof location === "string" && location.startsWith(`${outOfBandUri}?`)) {
      showCode(context, location, pages);
    }
  });
}

/** The library names a grant that no client has. */
function withoutRefresh(metadata: Record<string, unknown>): void {
  const grants = metadata["grant_types_supported"];
  if (!Array.isArray(grants)) return;
  metadata["grant_types_supported"] = grants.filter((grant) => grant !== "refresh_token");
}

/**
 * Some clients take the ID token for the identity, sigstore-python the access token: both are the
 * same one. There is nothing else here that an access token would open.
 */
async function finishTokens(ctx: KoaContextWithOIDC, log: TokenLog): Promise<void> {
  const body = ctx.body as Record<string, unknown>;
  const token = body["id_token"];
  if (typeof token !== "string") {
    ctx.status = 400;
    ctx.body = { error: "invalid_scope", error_description: "the scope must have openid in it" };
    return;
  }
  body["access_token"] = token;
  const { decodeJwt } = await import("jose");
  const grant = String(ctx.oidc.params?.["grant_type"]).split(":").at(-1) as string;
  log.issued(grant, ctx.oidc.client?.clientId, decodeJwt(token));
}

/** In place of a redirect to an address that no browser can open. */
function showCode(ctx: KoaContextWithOIDC, location: string, pages: PageWriter): void {
  const answer = new URL(location).searchParams;
  const code = answer.get("code");
  const { body, headers } =
    code === null
      ? pages.page(
          "Not signed in",
          problemContent(
            answer.get("error_description") ?? answer.get("error") ?? "There is no code.",
            "You can close this page.",
          ),
        )
      : pages.page("Your sign-in code", codeContent(code));
  ctx.remove("location");
  ctx.status = code === null ? 400 : 200;
  ctx.body = body;
  ctx.set({ ...headers });
}
