// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { randomBytes } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { selectServices, ServiceSelectionError, type SigningConfig } from "@chancery/formats/trust";
import {
  decodeTimestampResponse,
  encodeTimestampRequest,
  type TimestampResponse,
  timestampResponseSizeBytesMax,
} from "@chancery/formats/tsp";
import { SignError } from "../errors.ts";
import { exchange, type HttpOptions, inOneLine, serviceUrl } from "../http/index.ts";

export interface TimestampOptions extends HttpOptions {
  /**
   * Ask for the authority's certificate in the answer. Sigstore's verifiers take it from their
   * trusted root and need it not; others do. Default false.
   */
  readonly certReq?: boolean;
  /** Default: the system's. Tests bring their own. */
  readonly random?: (length: number) => Uint8Array;
}

/** An authority that says when something was signed. */
export interface TimestampService {
  /** The endpoint's URL. */
  readonly url: string;
  /**
   * A timestamp over a signature, by SHA-256.
   *
   * The answer is of this signature and of this request. Who signed it, and what time it states, is
   * not checked here: that takes a trusted root (`@chancery/verify`).
   *
   * @returns the whole TimeStampResp in DER, as bundles keep it.
   * @throws SignError `service-…`, `timestamp-refused`, `timestamp-mismatch`
   */
  stamp(signature: Uint8Array): Promise<Uint8Array>;
}

const service = "the timestamp authority";
const defaultPath = "api/v1/timestamp";
/** Half of what RFC 3161 lets be compared, and what openssl sends. */
const nonceBytes = 8;

/**
 * An authority at an address.
 *
 * @param url its endpoint, as signing configs list it; where it has no path, that of Sigstore's
 *   authorities below it.
 * @throws SignError `malformed-service-url`
 */
export function openTimestampService(
  url: string,
  options: TimestampOptions = {},
): TimestampService {
  const { certReq = false, random = randomBytes, ...http } = options;
  const base = serviceUrl(url, "");
  const path = base.pathname.replace(/\/+$/, "");
  const endpoint = new URL(base);
  endpoint.pathname = path === "" ? `/${defaultPath}` : path;
  return {
    url: endpoint.href,
    async stamp(signature) {
      const digest = sha256(signature);
      const nonce = nonceOf(random(nonceBytes));
      const body = encodeTimestampRequest({ hash: "sha256", digest, nonce, certReq });
      const answer = await exchange(
        {
          method: "POST",
          url: endpoint,
          body: Uint8Array.from(body),
          contentType: "application/timestamp-query",
          accept: "application/timestamp-reply",
          expected: [200, 201],
          service,
        },
        { responseBytesMax: timestampResponseSizeBytesMax, ...http },
      );
      checkAnswer(readAnswer(answer.body, endpoint), { digest, nonce, certReq }, endpoint);
      return answer.body;
    },
  };
}

/**
 * The authorities that a signing config has signers ask now, by the rules of `selectServices`.
 * @returns none where the config lists none at all.
 * @throws SignError `no-service`
 */
export function selectTimestampServices(
  config: SigningConfig,
  now: Date,
  options?: TimestampOptions,
): TimestampService[] {
  if (config.tsaUrls.length === 0) return [];
  try {
    return selectServices(config.tsaUrls, config.tsaConfig, { supportedVersions: [1], now }).map(
      ({ url }) => openTimestampService(url, options),
    );
  } catch (cause) {
    if (!(cause instanceof ServiceSelectionError)) throw cause;
    throw new SignError(
      "no-service",
      `no timestamp authority to ask: ${cause.message}`,
      "get a current signing config, or name the authority with its URL",
      { cause },
    );
  }
}

interface Asked {
  readonly digest: Uint8Array;
  readonly nonce: bigint;
  readonly certReq: boolean;
}

/** Positive, and of the same size each time. */
function nonceOf(bytes: Uint8Array): bigint {
  return BigInt.asUintN(63, Buffer.from(bytes).readBigUInt64BE()) | (1n << 62n);
}

function readAnswer(der: Uint8Array, url: URL): TimestampResponse {
  try {
    return decodeTimestampResponse(der);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new SignError(
      "service-malformed",
      `${service} at ${url.href} answers with what is no timestamp: ${cause.message}`,
      "check that the address is that of the endpoint, such as https://tsa.example.com/api/v1/timestamp",
      { cause },
    );
  }
}

/** Whether the answer is to this request (RFC 3161 §2.4.2). */
function checkAnswer(response: TimestampResponse, asked: Asked, { href: url }: URL): void {
  const { status, token } = response;
  if (status !== "granted") {
    const words = [...(response.failInfo ?? []), ...(response.statusText ?? [])].join(", ");
    throw new SignError(
      "timestamp-refused",
      `${service} at ${url} answers ${status}${words === "" ? "" : `: ${inOneLine(words)}`}`,
      "ask its operator, or name another authority",
    );
  }
  const { imprint, nonce, certificates } = token;
  if (imprint.hash !== "sha256" || !bytesEqual(imprint.digest, asked.digest)) {
    throw mismatch(url, "is over something else than the signature");
  }
  if (nonce !== asked.nonce) throw mismatch(url, "has another nonce than was sent: it is old");
  if (asked.certReq && certificates.length === 0) {
    throw mismatch(url, "lacks the certificate that was asked for");
  }
}

function mismatch(url: string, problem: string): SignError {
  return new SignError(
    "timestamp-mismatch",
    `the timestamp that the authority at ${url} answers with ${problem}`,
    "do not rely on this authority before its operator explains that",
  );
}
