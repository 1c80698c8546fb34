// SPDX-License-Identifier: Apache-2.0
import type { GrpcServer, ServedFulcio } from "../../fulcio/index.ts";
import { cannotListen } from "../listen.ts";
import { ct } from "./ct.ts";
import { idp } from "./idp.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The certificate authority. It opens after the log that takes its certificates. */
export const fulcio: StackService<never> = {
  name: "fulcio",
  generations: ["fulcio"],
  open: openFulcio,
};

async function openFulcio(context: StackContext): Promise<OpenService<never>> {
  const { config, logger, metrics, operator, opened } = context;
  const { addFulcio, TokenVerifier } = await import("../../fulcio/index.ts");
  const { describeAuthorities, openAuthorities, openLog } = await import("./fulcio-authority.ts");
  const { Issuers } = await import("./fulcio-issuers.ts");
  const settings = config.fulcio;
  const authorities = await openAuthorities(context);
  const { current, former } = authorities;
  const log = await openLog(context, opened(ct), authorities);
  if (!log) {
    const hint = "run ct too, or set fulcio.ctLogUrl: clients refuse certificates without an SCT";
    logger.warn({ hint }, "certificates are in no log");
  }
  const issuers = await Issuers.open(context, opened(idp));
  const tokens = new TokenVerifier({
    config: () => issuers.current,
    localIssuers: issuers.local,
    internalHosts: settings.internalHosts,
    onIssuerProblem: (issuer, err) => logger.warn({ issuer, err }, "an issuer cannot be asked"),
  });
  let served: ServedFulcio | undefined;
  let grpc: GrpcServer | undefined;
  return {
    addRoutes: async (app) => {
      served = await addFulcio(app, {
        authorities: { current, earlier: former.map(({ chain }) => chain).toReversed() },
        tokens,
        config: () => issuers.current,
        log,
        policy: settings,
        metrics,
        logger,
      });
    },
    trust: (url) => {
      // The identity provider, which opened before, has been told the address, too.
      issuers.addProvider();
      const caUrl = { url, majorApiVersion: 1, validFor: { start: current.notBefore }, operator };
      return { certificateAuthorities: describeAuthorities(authorities, url), caUrls: [caUrl] };
    },
    started: async () => {
      const { grpcListen } = settings;
      if (grpcListen !== undefined) grpc = await listenGrpc(served as ServedFulcio, grpcListen);
      // Nobody waits for issuers that do not answer.
      void tokens.warmUp();
    },
    notReady: async () => served?.problem(),
    facts: () => (grpc ? { fulcioGrpcPort: String(grpc.port) } : {}),
    usage: ({ url }) => ({
      places: [
        ["certificates", `${url}/api/v2/signingCert`],
        ...(grpc ? [["… over gRPC", `port ${grpc.port}`] as const] : []),
      ],
    }),
    close: async () => {
      issuers.close();
      await grpc?.close();
    },
  };
}

/** @throws StackError `address` */
async function listenGrpc(served: ServedFulcio, address: string): Promise<GrpcServer> {
  try {
    return await served.listenGrpc(address);
  } catch (cause) {
    throw cannotListen(address, cause);
  }
}
