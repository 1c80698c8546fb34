// SPDX-License-Identifier: Apache-2.0
import { type IdentityContext, placesOf, variable } from "../context.ts";
import { SignError } from "../../errors.ts";
import type { AmbientSource } from "../source.ts";
import { exists } from "./filesystem.ts";
import { type GrpcAddress, unaryCall } from "./grpc.ts";
import { decodeJwtSvidResponse, encodeJwtSvidRequest } from "./workload-api.ts";

const variableName = "SPIFFE_ENDPOINT_SOCKET";

/** The SPIFFE Workload API, by which an agent on the machine names the program that asks. */
export const spiffe: AmbientSource = {
  name: "spiffe",
  async detect(context) {
    const address = addressOf(context);
    if (!("path" in address))
      return { reason: `the variable ${variableName} is set`, intended: true };
    if (!(await exists(address.path))) return undefined;
    const intended = variable(context, variableName) !== undefined;
    return { reason: `there is a socket at ${address.path}`, intended };
  },
  async token(audience, context) {
    const answer = await unaryCall(
      {
        service: "the SPIFFE Workload API",
        address: addressOf(context),
        path: "/SpiffeWorkloadAPI/FetchJWTSVID",
        // Which no web page can send, so that none can have a browser ask (Workload API §5).
        headers: { "workload.spiffe.io": "true" },
        message: encodeJwtSvidRequest(audience),
      },
      context.http?.signal,
    );
    return decodeJwtSvidResponse(answer);
  },
};

/** `unix:///path` or `tcp://address:port` (SPIFFE Workload Endpoint §4), or cosign's bare path. */
function addressOf(context: IdentityContext): GrpcAddress {
  const text = variable(context, variableName);
  if (text === undefined) return { path: placesOf(context).spiffeSocket };
  if (text.startsWith("/")) return { path: text };
  const url = URL.parse(text);
  if (url?.protocol === "unix:" && url.host === "")
    return { path: decodeURIComponent(url.pathname) };
  const host = url?.hostname ?? "";
  const isAddress = /^([0-9.]+|\[[0-9a-f:.]+\])$/i.test(host) && url?.port !== "";
  if (url?.protocol === "tcp:" && isAddress) {
    return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
  }
  throw new SignError(
    "identity-token-unreadable",
    `the variable ${variableName} names no socket`,
    "set it to unix:///PATH or tcp://ADDRESS:PORT",
  );
}
