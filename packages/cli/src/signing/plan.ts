// SPDX-License-Identifier: Apache-2.0
import type { Logging } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";

/** What planning looks at. */
export type LoggingNeeds = Pick<
  Invocation<SigningFlags>,
  "flags" | "given" | "io" | "report" | "signal"
>;

/** Which logs get a signature, none where nothing is to be logged, and what is trusted of them. */
export interface LoggingPlan extends Logging {
  /** The trusted root's file, for whoever verifies; undefined where TUF has it. */
  readonly trustedRootFile?: string;
}

/** What the flags ask for. */
export type Wanted =
  | { readonly kind: "nothing" }
  | { readonly kind: "url"; readonly url: string; readonly api: 1 | 2 }
  | { readonly kind: "config"; readonly file: string }
  | { readonly kind: "tuf" };
