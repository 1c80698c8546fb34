// SPDX-License-Identifier: Apache-2.0
export { signInAs } from "../packages/server/test/idp/dev-sign-in.ts";
