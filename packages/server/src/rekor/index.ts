// SPDX-License-Identifier: Apache-2.0
export type {
  LogAppend,
  LoggedEntry,
  LogHead,
  LogReceipt,
  TransparencyLog,
} from "./transparency-log.ts";
