// SPDX-License-Identifier: Apache-2.0
// sigstore-java asks Fulcio over gRPC with TLS and nothing else: here is the proxy with TLS that
// operators put in front of ours.
import { readFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { peer } from "./peers.ts";
import { must } from "./run-peer.ts";

export interface TlsFront {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** Properties of a JVM that trusts its certificate. */
  readonly javaOptions: readonly string[];
  close(): void;
}

/**
 * Serves a port of this machine with TLS on another one.
 * @param folder for its certificate. @param port of a server that speaks HTTP/2
 */
export async function startTlsFront(folder: string, port: number): Promise<TlsFront> {
  const [key, certificate, store] = ["tls.key", "tls.pem", "tls.p12"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const files = ["-nodes", "-days", "1", "-keyout", key, "-out", certificate];
  must(peer("openssl").path, [...request, ...names, ...files]);
  const password = "public certificates alone";
  const open = ["-keystore", store, "-storetype", "PKCS12", "-storepass", password];
  must("keytool", ["-importcert", "-noprompt", "-alias", "front", "-file", certificate, ...open]);
  const tls = { key: readFileSync(key), cert: readFileSync(certificate), ALPNProtocols: ["h2"] };
  const server = createServer(tls, (client) => {
    const behind = connect(port, "127.0.0.1");
    client.pipe(behind).pipe(client);
    // Whoever ends first ends both.
    client.once("error", () => behind.destroy()).once("close", () => behind.destroy());
    behind.once("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    javaOptions: [
      `-Djavax.net.ssl.trustStore=${store}`,
      `-Djavax.net.ssl.trustStorePassword=${password}`,
    ],
    close: () => void server.close(),
  };
}
