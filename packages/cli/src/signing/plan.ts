// SPDX-License-Identifier: Apache-2.0
import type { Logging, Vouching } from "@chancery/sign";
import type { CertificateService } from "@chancery/sign/fulcio";
import type { SigningFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";

/** What planning looks at. */
export type PlanNeeds = Pick<
  Invocation<SigningFlags>,
  "flags" | "given" | "io" | "report" | "signal"
>;

/** Who gets to see a signature before it is written, and what is trusted of them. */
export interface SigningPlan extends Vouching {
  readonly logging: Logging;
  readonly timestampServices: NonNullable<Vouching["timestampServices"]>;
  /** Where the key is certified; absent where the key signs by itself. */
  readonly authority?: CertificateService;
  /** Where somebody may sign in. */
  readonly oidcIssuer?: string;
  /** The trusted root's file, for whoever verifies; undefined where TUF has it. */
  readonly trustedRootFile?: string;
}

/** Services by their addresses; those that are absent are not used. */
export interface ServiceUrls {
  readonly fulcio?: string;
  readonly rekor?: { readonly url: string; readonly api: 1 | 2 };
  readonly timestamp?: string;
  readonly oidc?: string;
}

/** What the flags ask for. */
export type Wanted =
  | { readonly kind: "nothing" }
  | ({ readonly kind: "urls" } & ServiceUrls)
  | { readonly kind: "config"; readonly file: string }
  | { readonly kind: "tuf" };
