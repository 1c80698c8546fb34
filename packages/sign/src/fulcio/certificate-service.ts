// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeUtf8, encodeBase64 } from "@chancery/formats/bytes";
import { encodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonValue, parseJson } from "@chancery/formats/json";
import { selectServices, ServiceSelectionError, type SigningConfig } from "@chancery/formats/trust";
import { PathError } from "@chancery/formats/x509";
import { SignError } from "../errors.ts";
import {
  exchange,
  type HttpAnswer,
  type HttpOptions,
  inOneLine,
  quoted,
  serviceUrl,
} from "../http/index.ts";
import { decodeCertificateAnswer, type IssuedCertificate } from "./answer.ts";

/** Who asks for a certificate, as an identity token says it (`@chancery/sign/identity`). */
export interface IdentityProof {
  /** E-mail address or subject. */
  readonly identity: string;
  /** Who vouches for it. */
  readonly issuer: string;
  /** The token: a secret, sent to the authority alone. */
  bearer(): string;
  /** What the key signs to prove that its holder holds the token. */
  challenge(): Uint8Array;
}

export interface CertificateRequest {
  readonly identity: IdentityProof;
  readonly publicKey: PublicKey;
  /** Signature over the identity's challenge by the key's own algorithm; Ed25519 purely. */
  readonly proof: Uint8Array;
}

export interface CertificateOptions extends HttpOptions {
  /**
   * Take a certificate that no CT log vouches for, or that does not hold the log's word. Verifiers
   * refuse it unless they are told not to. Default false.
   */
  readonly insecureIgnoreSct?: boolean;
}

/** An authority that certifies keys for identities: Fulcio at one address. */
export interface CertificateService {
  /** Base URL, as it was given. */
  readonly url: string;
  /**
   * A certificate over the key. It is over this key, its chain holds in itself, it may sign code,
   * and holds the word of a CT log. Whether the authority and that log are to be trusted is not
   * checked here: that takes a trusted root.
   *
   * @throws SignError `service-…`, `certificate-mismatch`, `certificate-unproven`
   */
  issue(request: CertificateRequest): Promise<IssuedCertificate>;
}

const service = "the certificate authority";

/**
 * A Fulcio at an address, spoken to by version 2 of its API.
 * @param url base URL, without `/api`.
 * @throws SignError `malformed-service-url`
 */
export function openCertificateService(
  url: string,
  options: CertificateOptions = {},
): CertificateService {
  const { insecureIgnoreSct = false, ...http } = options;
  const endpoint = serviceUrl(url, "api/v2/signingCert");
  return {
    url,
    async issue({ identity, publicKey, proof }) {
      const token = identity.bearer();
      const answer = await exchange(
        {
          method: "POST",
          url: endpoint,
          body: requestBody(publicKey, proof),
          headers: { authorization: `Bearer ${token}` },
          expected: [200, 201, 400],
          service,
          secret: token,
        },
        { responseBytesMax: 1 << 20, ...http },
      );
      if (answer.status === 400) throw refusalOf(answer, url, token);
      const issued = readAnswer(answer.body, url);
      if (!bytesEqual(issued.leaf.publicKey.spki, publicKey.spki)) {
        throw new SignError(
          "certificate-mismatch",
          `${service} at ${url} certifies another key than was sent`,
          "do not rely on this authority before its operator explains that",
        );
      }
      if (issued.sct !== "embedded" && !insecureIgnoreSct) throw unlogged(issued.sct, url);
      return issued;
    },
  };
}

/**
 * The authority that a signing config has signers ask now, by the rules of `selectServices`.
 * @throws SignError `no-service`
 */
export function selectCertificateService(
  config: SigningConfig,
  now: Date,
  options?: CertificateOptions,
): CertificateService {
  try {
    const any = { selector: "ANY" } as const;
    const [found] = selectServices(config.caUrls, any, { supportedVersions: [1], now });
    return openCertificateService((found as { url: string }).url, options);
  } catch (cause) {
    if (!(cause instanceof ServiceSelectionError)) throw cause;
    throw new SignError(
      "no-service",
      `no certificate authority to ask: ${cause.message}`,
      "get a current signing config, or name the authority with its URL",
      { cause },
    );
  }
}

/** The algorithm stands there for old servers: the key says what it is. */
function requestBody(publicKey: PublicKey, proof: Uint8Array): string {
  const algorithm = { ec: "ECDSA", rsa: "RSA_PSS", ed25519: "ED25519" }[publicKey.type];
  return JSON.stringify({
    publicKeyRequest: {
      publicKey: { algorithm, content: encodePublicKeyPem(publicKey) },
      proofOfPossession: encodeBase64(proof),
    },
  });
}

function readAnswer(json: Uint8Array, url: string): IssuedCertificate {
  try {
    return decodeCertificateAnswer(json);
  } catch (cause) {
    if (cause instanceof PathError) {
      throw new SignError(
        "certificate-unproven",
        `the chain that ${service} at ${url} answers with does not hold: ${cause.message}`,
        "do not rely on this authority before its operator explains that",
        { cause },
      );
    }
    if (!(cause instanceof FormatError)) throw cause;
    throw new SignError(
      "service-malformed",
      `${service} at ${url} answers with what is no certificate: ${cause.message}`,
      "check that the address is the base URL of a Fulcio",
      { cause },
    );
  }
}

function unlogged(sct: "beside" | "absent", url: string): SignError {
  const problem =
    sct === "beside"
      ? "does not hold the CT log's word, which came beside it and has no room in a bundle"
      : "is in no CT log";
  return new SignError(
    "certificate-unproven",
    `the certificate that ${service} at ${url} answers with ${problem}`,
    "have the authority embed SCTs, or pass --insecure-ignore-sct when signing and verifying",
  );
}

/** What a refused request is told: Fulcio's words, and the reason that Chancery's puts beside. */
function refusalOf({ body }: HttpAnswer, url: string, token: string): SignError {
  const { message, detail, advice } = readStatus(body);
  const words = [message, detail].filter((text) => text !== "").join(": ");
  const said = quoted(words, token);
  return new SignError(
    "service-refused",
    `${service} at ${url} refuses${said === "" ? "" : `: ${said}`}`,
    quoted(advice, token) ||
      "check that it accepts tokens of this issuer, and that this one has not expired",
  );
}

/** A google.rpc.Status in JSON; empty texts where it is something else. */
function readStatus(body: Uint8Array): Record<"message" | "detail" | "advice", string> {
  const status = { message: "", detail: "", advice: "" };
  let value: JsonValue;
  try {
    value = parseJson(body, "status");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return { ...status, message: shownText(body) };
  }
  if (!isObject(value)) return status;
  const text = (from: JsonValue | undefined, name: string): string => {
    const found = isObject(from) ? from[name] : undefined;
    return typeof found === "string" ? found : "";
  };
  const { details } = value;
  const [info] = Array.isArray(details) ? details : [];
  const metadata = isObject(info) ? info["metadata"] : undefined;
  return {
    message: text(value, "message"),
    detail: text(metadata, "detail"),
    advice: text(metadata, "advice"),
  };
}

function shownText(body: Uint8Array): string {
  try {
    const text = decodeUtf8(body.subarray(0, 300));
    return /^\s*</.test(text) ? "" : inOneLine(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return "";
  }
}
