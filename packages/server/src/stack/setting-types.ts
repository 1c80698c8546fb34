// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

/** A duration. */
export const milliseconds: z.ZodInt = z.int().min(1).max(3_600_000);

/** An object identifier. */
export const dottedNumber: z.ZodString = z
  .string()
  .regex(/^[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,63}$/, "is no dotted number");
