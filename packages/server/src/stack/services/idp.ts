// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { IdentityProvider, UpstreamOptions } from "../../idp/index.ts";
import { StackError } from "../errors.ts";
import { listenAddress } from "../listen.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The identity provider; its keys and issuer are offered to a certificate authority beside it. */
export const idp: StackService<IdentityProvider> = { name: "idp", open: openIdp };

/** Under the stack's URL. */
const path = "/oidc";

async function openIdp(context: StackContext): Promise<OpenService<IdentityProvider>> {
  const { config, dataDirectory, keys, logger, metrics, operator } = context;
  const { dev, tokenSeconds, trustedIssuers } = config.idp;
  const { IdpError, IdpStore, openIdentityProvider } = await import("../../idp/index.ts");
  let url: string | undefined;
  const origin = (): string => {
    if (url === undefined) throw new StackError("address", "the address is not known yet");
    return url;
  };
  let provider: IdentityProvider;
  try {
    provider = await openIdentityProvider({
      dataDirectory,
      origin,
      path,
      logger,
      metrics,
      dev,
      listenHost: listenAddress(config.listen).host,
      tokenSeconds,
      keyPassword: keys.password,
      upstreams: await readUpstreams(context),
      trustedIssuers,
    });
  } catch (cause) {
    if (!(cause instanceof IdpError)) throw cause;
    const code = cause.code === "store" ? "key" : "configuration";
    throw new StackError(code, `idp: ${cause.message}`, { cause });
  }
  const since = provider.since;
  return {
    api: provider,
    addRoutes: async (app) => provider.addRoutes(app),
    trust: (base) => {
      // The first that is told the address, before anybody can ask for a token.
      url = base;
      const service = { url: `${base}${path}`, majorApiVersion: 1, validFor: { start: since } };
      return { oidcUrls: [{ ...service, operator }] };
    },
    usage: ({ url: base, data }) => {
      const note = dev ? "  DEV MODE: anyone signs in as anybody" : "";
      const places = [["identity", `${base}${path}${note}`]] as const;
      const store = new IdpStore(dataDirectory);
      const hasUsers = store.users().length > 0;
      store.close();
      const needsUser = !dev && !hasUsers && config.idp.upstreams.length === 0;
      return {
        places,
        ...(needsUser && { first: [`chancery user add --data ${data} you@example.com`] }),
      };
    },
    close: async () => provider.close(),
  };
}

async function readUpstreams({
  config,
  dataDirectory,
}: StackContext): Promise<readonly UpstreamOptions[]> {
  return Promise.all(
    config.idp.upstreams.map(async ({ clientSecretFile: file, ...upstream }) => {
      if (file === undefined) return upstream;
      const secretPath = resolve(dataDirectory, file);
      try {
        return { ...upstream, clientSecret: (await readFile(secretPath, "utf8")).trim() };
      } catch (cause) {
        if (!(cause instanceof Error && "syscall" in cause)) throw cause;
        const message = `idp.upstreams: the secret of ${upstream.id}: ${cause.message}`;
        throw new StackError("configuration", message, { cause });
      }
    }),
  );
}
