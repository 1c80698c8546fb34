// SPDX-License-Identifier: Apache-2.0
import { decodeLogEntry, type LogEntry } from "@chancery/formats/bundle";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { type Algorithm, hash, type HashName, schemeHash } from "@chancery/formats/crypto";
import { preAuthenticationEncoding } from "@chancery/formats/dsse";
import { encodeEntryBody } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import type { JsonObject } from "@chancery/formats/json";
import type { TrustedRoot } from "@chancery/formats/trust";
import { SignError } from "../errors.ts";
import { exchange, type HttpOptions, serviceUrl } from "../http/index.ts";
import { checkAnswer, type LoggableSignature, type SignatureLog } from "./signature-log.ts";
import { readLoggedEntry } from "./tile-reader.ts";

const [kind, version] = ["hashedrekord", "0.0.2"];
const service = "the Rekor v2 log";

export interface RekorV2Options extends HttpOptions {
  /** Names the log, where it refuses what it has already and the entry is read from its tiles. */
  readonly trustedRoot?: TrustedRoot;
}

/**
 * A log that speaks Rekor's second API. Artifacts and envelopes both become a hashedrekord: of an
 * envelope the digest of its PAE is logged, which is what its signature covers.
 *
 * @param url base URL of the log, without `/api`.
 * @throws SignError `malformed-service-url`
 */
export function rekorV2Log(url: string, options: RekorV2Options = {}): SignatureLog {
  const { trustedRoot, ...http } = options;
  const endpoint = serviceUrl(url, "api/v2/log/entries");
  return {
    api: 2,
    url,
    checkAlgorithm(algorithm) {
      requireDigest(algorithm);
      if (algorithm.scheme.kind !== "rsa-pss") return;
      throw unsupported(algorithm, "Rekor takes no RSA-PSS", "sign with PKCS#1 v1.5");
    },
    async add(signing) {
      const body = bodyOf(signing);
      const request = { hashedRekordRequestV002: requestOf(body) };
      const answer = await exchange(
        {
          method: "POST",
          url: endpoint,
          body: JSON.stringify(request),
          expected: [200, 201, 409],
          service,
        },
        http,
      );
      const entry =
        answer.status === 409
          ? await readExisting(url, answer.headers, trustedRoot, http)
          : readAnswer(answer.body, url);
      if (entry.kind !== kind || entry.kindVersion !== version) {
        throw malformed(url, `answers with an entry of kind ${entry.kind} ${entry.kindVersion}`);
      }
      checkAnswer(entry, body, url);
      if (entry.logIndex !== entry.inclusionProof?.logIndex) {
        throw malformed(url, "answers with two different indexes of one entry");
      }
      return entry;
    },
  };
}

/** The leaf that the log must make of the signature. */
function bodyOf(signing: LoggableSignature): Uint8Array {
  const { signature, verifier, algorithm, content } = signing;
  const message = content.kind === "message" ? content : envelopeDigest(signing);
  return encodeEntryBody(kind, version, {
    signatures: [{ signature, verifier }],
    content: { covers: "message", hash: message.hash, digest: message.digest, algorithm },
  });
}

/** What is sent has the parts of what is stored. */
function requestOf(body: Uint8Array): JsonObject {
  const { spec } = JSON.parse(decodeUtf8(body)) as {
    readonly spec: { readonly hashedRekordV002: { data: JsonObject; signature: JsonObject } };
  };
  const { data, signature } = spec.hashedRekordV002;
  return { digest: data["digest"] as string, signature };
}

function envelopeDigest({ algorithm, content }: LoggableSignature): {
  readonly hash: HashName;
  readonly digest: Uint8Array;
} {
  if (content.kind !== "envelope") throw new RangeError("not an envelope");
  const { payloadType, payload } = content.envelope;
  const name = requireDigest(algorithm);
  return { hash: name, digest: hash(name, preAuthenticationEncoding(payloadType, payload)) };
}

function requireDigest(algorithm: Algorithm): HashName {
  const name = schemeHash(algorithm.scheme);
  if (name !== undefined) return name;
  throw unsupported(
    algorithm,
    "the log checks signatures over digests, and pure Ed25519 has none",
    "use the algorithm ed25519-ph",
  );
}

function readAnswer(json: Uint8Array, url: string): LogEntry {
  try {
    return decodeLogEntry(json);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed(url, `answers with a malformed entry: ${cause.message}`, cause);
  }
}

/** The log refuses a repetition and says where the entry is: the tiles have it. */
async function readExisting(
  url: string,
  headers: Headers,
  trustedRoot: TrustedRoot | undefined,
  http: HttpOptions,
): Promise<LogEntry> {
  const index = headers.get("x-log-index") ?? "";
  if (!/^(0|[1-9][0-9]{0,15})$/.test(index) || !Number.isSafeInteger(Number(index))) {
    throw malformed(url, "says that it has the entry already, and not where");
  }
  return readLoggedEntry(url, Number(index), trustedRoot?.tlogs ?? [], http);
}

function unsupported(algorithm: Algorithm, problem: string, hint: string): SignError {
  const name = algorithm.flag ?? algorithm.name;
  return new SignError("unsupported-algorithm", `${name} cannot be logged: ${problem}`, hint);
}

function malformed(url: string, problem: string, cause?: unknown): SignError {
  return new SignError(
    "service-malformed",
    `${service} at ${url} ${problem}`,
    "check that it is a Rekor v2; a Rekor v1 is asked with version 1",
    cause === undefined ? undefined : { cause },
  );
}
