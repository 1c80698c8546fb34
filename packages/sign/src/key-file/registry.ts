// SPDX-License-Identifier: Apache-2.0
import { cosignFormat } from "./cosign.ts";
import type { KeyFileFormat } from "./format.ts";
import { opensshFormat } from "./openssh.ts";
import { pkcs1Format } from "./pkcs1.ts";
import { pkcs8Format } from "./pkcs8.ts";
import { sec1Format } from "./sec1.ts";

/** The formats of private key files that are read, in the order in which they are asked. */
export const keyFileFormats: readonly KeyFileFormat[] = [
  cosignFormat,
  pkcs8Format,
  pkcs1Format,
  sec1Format,
  opensshFormat,
];
