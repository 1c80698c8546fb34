// SPDX-License-Identifier: Apache-2.0
/** The flag that all commands of this group share. */
export const dataFlag: {
  readonly type: "text";
  readonly value: string;
  readonly about: string;
  readonly default: string;
} = {
  type: "text",
  value: "DIR",
  about: "data directory of chancery up, which must not run",
  default: "chancery-data",
};
