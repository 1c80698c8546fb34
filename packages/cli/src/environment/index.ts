// SPDX-License-Identifier: Apache-2.0

/** The environment variables that commands read, and those of cosign that users may have set. */
export { type Variable, variables } from "./variables.ts";
