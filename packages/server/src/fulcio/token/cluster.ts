// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { TokenError } from "../claims/index.ts";
import { isInternalAddress } from "./address.ts";

/** Where Kubernetes puts what a pod needs to speak to its cluster. */
export interface ClusterFiles {
  /** PEM: the cluster's certificate authority. */
  readonly ca: string;
  /** The pod's own service account token. */
  readonly token: string;
}

/** The issuer of tokens of the cluster itself. */
export const clusterIssuer = "https://kubernetes.default.svc";

/** As in Fulcio's deployments. */
export const clusterFilesDefault: ClusterFiles = {
  ca: "/var/run/fulcio/ca.crt",
  token: "/var/run/secrets/kubernetes.io/serviceaccount/token",
};

/** What is to be trusted and sent where an issuer is the cluster's own. */
export interface ClusterCredentials {
  readonly ca: string | undefined;
  readonly bearer: { readonly host: string; readonly token: string } | undefined;
}

/**
 * Reads the pod's credentials, as they are now: Kubernetes replaces them. What is not there is
 * left out; whether the issuer can be asked without shows when it is.
 */
export async function readClusterCredentials(
  issuer: string,
  files: ClusterFiles,
): Promise<ClusterCredentials> {
  const ca = await readIfThere(files.ca);
  const host = URL.parse(issuer)?.host ?? "";
  // Fulcio sends it to every Kubernetes issuer with a name of its own, public ones included.
  const token = isClusterHost(host) ? (await readIfThere(files.token))?.trim() : undefined;
  return { ca, bearer: token === undefined ? undefined : { host, token } };
}

/** Whether a host is one of a cluster: a service's name, or an internal address. */
function isClusterHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (isIP(name) !== 0) return isInternalAddress(name);
  return /\.svc(?:\.|$)/.test(name);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const message = "the credentials for the cluster cannot be read";
    throw new TokenError("issuer-unreachable", message, { cause });
  }
}
