// SPDX-License-Identifier: Apache-2.0

/** The pages that people see: HTML without scripts, for any browser, keyboard and screen reader. */
export {
  codeContent,
  confirmDeviceContent,
  deviceDoneContent,
  problemContent,
  userCodeContent,
} from "./device.ts";
export { type Html } from "./html.ts";
export { layOut, type Page } from "./layout.ts";
export { signInContent } from "./sign-in.ts";
