// SPDX-License-Identifier: Apache-2.0

/** The environment variables that commands read, and those of cosign that users may have set. */
export { allVariables } from "./settings.ts";
export type { Variable } from "./variables.ts";
