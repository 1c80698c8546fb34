// SPDX-License-Identifier: Apache-2.0
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import { type Certificate, encodeCertificatePem } from "@chancery/formats/x509";
import type { Authority } from "../ca/index.ts";
import { type IssuedCertificate, issueCertificate, type SctSource } from "../certificate/index.ts";
import { TokenError } from "../claims/index.ts";
import { advertisedIssuers, type AdvertisedIssuer, type FulcioConfig } from "../config/index.ts";
import type { IssuerConfig, Principal } from "../issuer/index.ts";
import { FulcioRefusal, tokenMissing, tokenRefusal } from "../refusal/index.ts";
import {
  checkProof,
  readCertificateRequest,
  readPublicKey,
  type RequestBinding,
} from "../request/index.ts";
import type { TokenVerifier } from "../token/index.ts";
import type { FulcioMetrics } from "./metrics.ts";

/** The authorities of a service. What is read of it may change while it runs. */
export interface AuthoritySource {
  /** Issues. */
  readonly current: Authority;
  /** Issued once, and are still to be believed; newest first. */
  readonly earlier: readonly (readonly Certificate[])[];
}

/** What goes for issuers that do not say otherwise in Fulcio's configuration file. */
export interface IssuancePolicy {
  readonly lifetimeSeconds: number;
  readonly backdateSeconds: number;
  readonly certificateRequests: RequestBinding;
}

/** What certificates are made with. */
export interface SigningServiceOptions {
  readonly authorities: AuthoritySource;
  readonly tokens: TokenVerifier;
  /** The configuration as it is now: the verifier's. */
  readonly config: () => FulcioConfig;
  /** Without one, certificates are in no log, and strict clients refuse them. */
  readonly log: SctSource | undefined;
  /** For the log's answer. */
  readonly logTimeoutMs: number;
  /** What clients may sign with. */
  readonly algorithms: readonly Algorithm[];
  readonly policy: IssuancePolicy;
  readonly metrics: FulcioMetrics;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A request for a certificate, in whatever API it came. */
export interface SigningRequest {
  readonly token: string | undefined;
  readonly key: RequestedKey;
}

/** What is to be certified. */
export type RequestedKey =
  | { readonly publicKey: Uint8Array; readonly proof: Uint8Array }
  /** PKCS #10 in PEM. */
  | { readonly certificateRequest: Uint8Array };

/** Fulcio without any API. */
export class SigningService {
  readonly #options: SigningServiceOptions;

  constructor(options: SigningServiceOptions) {
    this.#options = options;
  }

  /**
   * Issues a certificate: token, key, strength, proof, algorithm, certificate, log, in this order,
   * as a bad token must hide every later fault.
   * @throws FulcioRefusal
   */
  async issue(request: SigningRequest): Promise<IssuedCertificate> {
    const { metrics } = this.#options;
    try {
      const issued = await this.#issue(request);
      metrics.issued();
      return issued;
    } catch (cause) {
      metrics.refused(cause instanceof FulcioRefusal ? cause.info.reason : "INTERNAL");
      throw cause;
    }
  }

  /** Chains in PEM, each text with a line break at its end; the issuing one first. */
  trustBundle(): readonly (readonly string[])[] {
    const { current, earlier } = this.#options.authorities;
    return [current.chain, ...earlier].map((chain) => chain.map(encodeCertificatePem));
  }

  configuration(): readonly AdvertisedIssuer[] {
    return advertisedIssuers(this.#options.config());
  }

  async #issue({ token, key }: SigningRequest): Promise<IssuedCertificate> {
    const { authorities, log, logTimeoutMs, policy, now } = this.#options;
    const { principal, issuer } = await this.#authenticate(token);
    const publicKey = await this.#readKey(key, principal, issuer);
    const leaf = {
      principal,
      publicKey,
      now: new Date(now()),
      lifetimeSeconds: issuer.lifetimeSeconds ?? policy.lifetimeSeconds,
      backdateSeconds: issuer.backdateSeconds ?? policy.backdateSeconds,
    };
    return issueCertificate(leaf, authorities.current, log, logTimeoutMs);
  }

  async #authenticate(
    token: string | undefined,
  ): Promise<{ readonly principal: Principal; readonly issuer: IssuerConfig }> {
    if (token === undefined || token === "") throw tokenMissing();
    try {
      return await this.#options.tokens.authenticateWithIssuer(token);
    } catch (cause) {
      if (!(cause instanceof TokenError)) throw cause;
      throw tokenRefusal(cause);
    }
  }

  async #readKey(
    key: RequestedKey,
    principal: Principal,
    issuer: IssuerConfig,
  ): Promise<PublicKey> {
    const { algorithms, policy } = this.#options;
    if ("certificateRequest" in key) {
      const binding = issuer.certificateRequests ?? policy.certificateRequests;
      return readCertificateRequest(key.certificateRequest, principal, binding, algorithms);
    }
    const publicKey = readPublicKey(key.publicKey);
    await checkProof(publicKey, key.proof, principal.challenges, algorithms);
    return publicKey;
  }
}
