// SPDX-License-Identifier: Apache-2.0
// A timestamp authority made of `openssl ts`.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peer } from "./peers.ts";
import { must } from "./run-peer.ts";

export interface OpensslAuthority {
  /** DER certificates, the authority's own first, the root last. */
  readonly chain: readonly Uint8Array[];
  /** @param query DER TimeStampReq @returns DER TimeStampResp */
  reply(query: Uint8Array): Uint8Array;
}

const configuration = `
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tsa_openssl
[tsa_openssl]
serial = serial
default_policy = 1.3.6.1.4.1.57264.2
other_policies = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
signer_digest = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
`;

/** Makes keys and certificates for one. @throws Error when OpenSSL fails */
export function opensslAuthority(): OpensslAuthority {
  const cwd = mkdtempSync(join(tmpdir(), "chancery-tsa-"));
  const openssl = (...args: string[]): void => {
    must(peer("openssl").path, args, { cwd });
  };
  writeFileSync(join(cwd, "openssl.cnf"), configuration);
  writeFileSync(join(cwd, "serial"), "01\n");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const common = ["-sha256", "-days", "3650"];
  const subject = (name: string): string[] => ["-subj", `/O=interop/CN=${name}`];
  openssl(
    "req",
    "-x509",
    ...newKey,
    ...common,
    ...subject("openssl root"),
    "-keyout",
    "root.key",
    "-out",
    "root.crt",
    "-config",
    "openssl.cnf",
    "-extensions",
    "root",
  );
  openssl(
    "req",
    ...newKey,
    ...subject("openssl tsa"),
    "-keyout",
    "leaf.key",
    "-out",
    "leaf.csr",
    "-config",
    "openssl.cnf",
  );
  openssl(
    "x509",
    "-req",
    "-in",
    "leaf.csr",
    "-CA",
    "root.crt",
    "-CAkey",
    "root.key",
    "-set_serial",
    "2",
    ...common,
    "-extfile",
    "openssl.cnf",
    "-extensions",
    "leaf",
    "-out",
    "leaf.crt",
  );
  const der = (name: string): Uint8Array => {
    openssl("x509", "-in", name, "-outform", "DER", "-out", "out.der");
    return readFileSync(join(cwd, "out.der"));
  };
  return {
    chain: [der("leaf.crt"), der("root.crt")],
    reply: (query) => {
      writeFileSync(join(cwd, "query.tsq"), query);
      openssl(
        "ts",
        "-reply",
        "-config",
        "openssl.cnf",
        "-section",
        "tsa_openssl",
        "-queryfile",
        "query.tsq",
        "-signer",
        "leaf.crt",
        "-inkey",
        "leaf.key",
        "-out",
        "reply.tsr",
      );
      return readFileSync(join(cwd, "reply.tsr"));
    },
  };
}
