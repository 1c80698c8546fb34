// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { logExport } from "./log-export.ts";
import { logFollow } from "./log-follow.ts";
import { logFsck } from "./log-fsck.ts";
import { logGet } from "./log-get.ts";
import { logLoginfo } from "./log-loginfo.ts";
import { logLogproof } from "./log-logproof.ts";
import { logReindex } from "./log-reindex.ts";
import { logSearch } from "./log-search.ts";
import { logUpload } from "./log-upload.ts";
import { logVerify } from "./log-verify.ts";

export const log: Group = {
  name: "log",
  summary: "Write to transparency logs, read, search and check them, keep them",
  commands: [
    logUpload,
    logGet,
    logVerify,
    logSearch,
    logLoginfo,
    logLogproof,
    logFollow,
    logFsck,
    logExport,
    logReindex,
  ],
};
