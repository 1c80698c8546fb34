// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { logGet } from "./log-get.ts";
import { logLoginfo } from "./log-loginfo.ts";
import { logLogproof } from "./log-logproof.ts";
import { logSearch } from "./log-search.ts";
import { logUpload } from "./log-upload.ts";
import { logVerify } from "./log-verify.ts";

export const log: Group = {
  name: "log",
  summary: "Write to transparency logs, and read, search and check them",
  commands: [logUpload, logGet, logVerify, logSearch, logLoginfo, logLogproof],
};
