// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import type { FulcioClaimName, SignerIdentity } from "@chancery/formats/x509";
import type { JsonPath, ValueTemplate } from "../claims/index.ts";

/** An issuer of identity tokens as it is configured. */
export interface IssuerConfig {
  /** What `iss` must be; for patterns, with `*` for parts of it. */
  readonly url: string;
  /** From `meta-issuers`: whoever matches the pattern is trusted as an issuer of this type. */
  readonly isPattern: boolean;
  /** What `aud` must hold. */
  readonly clientId: string;
  /** Name of an {@link IssuerType}. */
  readonly type: string;
  /** For type `ci-provider`. */
  readonly ciProvider?: CiProvider | undefined;
  /** For type `email`: where the issuer to be certified stands, if not in `iss`. */
  readonly issuerClaim?: JsonPath | undefined;
  readonly subjectDomain?: string | undefined;
  readonly spiffeTrustDomain?: string | undefined;
  /** Only shown to clients, as in Fulcio. */
  readonly challengeClaim?: string | undefined;
  /** PEM: authorities trusted for the issuer's TLS certificate, beside those of the system. */
  readonly caCert?: string | undefined;
  readonly skipEmailVerification: boolean;
  readonly description?: string | undefined;
  readonly contact?: string | undefined;
  readonly environment?: string | undefined;
  /** How long its certificates live; the service's own setting where it is absent. */
  readonly lifetimeSeconds?: number | undefined;
  /** How long before they are issued they begin, likewise. */
  readonly backdateSeconds?: number | undefined;
  /** Which PKCS #10 requests are taken with its tokens, likewise: a `RequestBinding`. */
  readonly certificateRequests?: "named" | "bound" | "none" | undefined;
}

/** What a CI provider's claims become: an entry of `ci-issuer-metadata`. */
export interface CiProvider {
  readonly name: string;
  /** Stand in for claims that a token does not have. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly extensions: ReadonlyMap<FulcioClaimName, ValueTemplate>;
  readonly subjectAlternativeName: ValueTemplate;
}

/** A token whose signature, issuer, audience and times hold. */
export interface VerifiedToken {
  readonly issuer: string;
  /** Never empty. */
  readonly subject: string;
  readonly claims: JsonObject;
}

/** Fulcio's extensions by name; `issuer` is always there. */
export type FulcioExtensions = Readonly<Partial<Record<FulcioClaimName, string>>> & {
  readonly issuer: string;
};

/** Whom a certificate is to name, and what it is to say. */
export interface Principal {
  /** The subject alternative name. */
  readonly san: SignerIdentity;
  /** Without `issuerV1`, which repeats `issuer`. Empty values are not written. */
  readonly extensions: FulcioExtensions;
  /**
   * The texts of which a proof of possession may be a signature: any one of them. Never empty.
   * See `challenges.ts` for which, and why that is safe.
   */
  readonly challenges: readonly [string, ...string[]];
}

/** What is wrong with a setting of an issuer. */
export interface SettingProblem {
  /** Its name in YAML. */
  readonly setting: string;
  readonly problem: string;
}

/** A kind of issuer: how its tokens become certificates. */
export interface IssuerType {
  /** The `type` of the configuration. */
  readonly name: string;
  /** The claim that `/configuration` tells clients to sign where the configuration says none. */
  readonly challengeClaim: "sub" | "email";
  /** Checks the settings that this type reads. */
  readonly check?: (issuer: IssuerConfig) => SettingProblem | undefined;
  /** @throws TokenError for claims that are missing, or that name nobody the issuer speaks for */
  readonly principal: (token: VerifiedToken, issuer: IssuerConfig) => Principal;
}
