// SPDX-License-Identifier: Apache-2.0
import { bigintFromBytes } from "@chancery/formats/bytes";
import type { MessageSigner } from "@chancery/formats/crypto";
import { randomBytes } from "@chancery/formats/crypto/node";
import { TimestampAuthority } from "@chancery/formats/tsp";
import type { Certificate } from "@chancery/formats/x509";
import { type ChainValidity, checkTimestampChain } from "./chain.ts";
import type { ClockGuard } from "./clock/index.ts";
import { generalMessage, TimestampRefusal } from "./refusal.ts";
import type { ReadRequest } from "./request.ts";

/** Sigstore's own policy: the default, and the only one that is accepted by default. */
export const defaultTimestampPolicy = "1.3.6.1.4.1.57264.2";

const serialNumberBytes = 20;

/** What signs, and what it accepts. */
export interface TimestampServiceOptions {
  /** Signs with the leaf's key, away from the event loop. */
  readonly signer: MessageSigner;
  /** The leaf that signs first, the root last (`checkTimestampChain`). */
  readonly chain: readonly Certificate[];
  readonly guard: ClockGuard;
  /** Where none is asked for, a dotted object identifier. */
  readonly policy: string;
  readonly acceptedPolicies: readonly string[];
  /** Whether extensions of a request are taken over into its timestamp. */
  readonly allowExtensions: boolean;
  /** Whether the issuers too are embedded where certificates are asked for. */
  readonly includeChain: boolean;
  /** Whether intermediates may state no purpose. */
  readonly anyIntermediate: boolean;
}

/** A timestamp authority apart from HTTP: judges requests, tells the time, signs. */
export class TimestampService {
  readonly #options: TimestampServiceOptions;
  readonly #authority: TimestampAuthority;
  readonly #validity: ChainValidity;

  /** @throws TimestampChainError where clients would refuse what is signed under the chain */
  constructor(options: TimestampServiceOptions) {
    const { chain, signer, includeChain, anyIntermediate } = options;
    this.#validity = checkTimestampChain(chain, signer.publicKey, anyIntermediate);
    const [certificate] = chain as readonly [Certificate];
    const embedded = includeChain ? chain : [certificate];
    this.#authority = new TimestampAuthority({ certificate, signer, embedded });
    this.#options = options;
  }

  /** Why nothing can be signed now; undefined where it can. */
  problem(): string | undefined {
    try {
      this.#time();
      return undefined;
    } catch (cause) {
      if (cause instanceof TimestampRefusal) return cause.message;
      throw cause;
    }
  }

  /**
   * Signs the time at which it was asked.
   * @returns a TimeStampToken, DER
   * @throws TimestampRefusal `invalid` for policies and extensions that are not accepted;
   *   `unavailable` where the time is not known or the certificates are not valid; `internal`
   */
  async sign(request: ReadRequest): Promise<Uint8Array> {
    const { policy: defaultPolicy, acceptedPolicies, allowExtensions } = this.#options;
    const { policy = defaultPolicy, extensions } = request;
    if (policy !== defaultPolicy && !acceptedPolicies.includes(policy)) {
      const message = "unaccepted policy: requested TSA policy is not supported by the TSA";
      throw new TimestampRefusal("invalid", "unacceptedPolicy", message);
    }
    if (extensions.length > 0 && !allowExtensions) {
      const message = "unaccepted extension: requested extensions are not supported by the TSA";
      throw new TimestampRefusal("invalid", "unacceptedExtension", message);
    }
    const genTime = this.#time();
    // Never zero but by a chance of 2^-160; and never twice, for the same reason.
    const serialNumber = bigintFromBytes(randomBytes(serialNumberBytes)) || 1n;
    try {
      return await this.#authority.sign({ ...request, policy, serialNumber, genTime });
    } catch (cause) {
      throw new TimestampRefusal("internal", "systemFailure", generalMessage, { cause });
    }
  }

  #time(): Date {
    const state = this.#options.guard.read();
    if (!state.usable) {
      const message = `no timestamps are made: ${state.problem}`;
      throw new TimestampRefusal("unavailable", "timeNotAvailable", message);
    }
    const { time } = state;
    const { notBefore, notAfter } = this.#validity;
    if (time < notBefore || time > notAfter) {
      const message =
        `no timestamps are made: it is ${time.toISOString()}, and the certificates are valid from ` +
        `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
      throw new TimestampRefusal("unavailable", "systemFailure", message);
    }
    return time;
  }
}
