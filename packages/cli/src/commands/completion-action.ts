// SPDX-License-Identifier: Apache-2.0
import type { Invocation } from "../framework/index.ts";

export async function completionAction({ report }: Invocation<object>): Promise<void> {
  report.result({});
}
