// SPDX-License-Identifier: Apache-2.0
import type { HttpOptions } from "../../http/index.ts";
import type { OAuthClient } from "./client.ts";
import type { Provider } from "./provider.ts";

/** What every flow needs. */
export interface FlowInput {
  readonly provider: Provider;
  readonly client: OAuthClient;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly http: HttpOptions | undefined;
  /** Where the browser is sent back to. */
  readonly redirectUrl: string | undefined;
  /** Which of the providers behind this one, so that it need not ask (dex). */
  readonly connector: string | undefined;
}
