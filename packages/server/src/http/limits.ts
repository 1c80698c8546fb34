// SPDX-License-Identifier: Apache-2.0

/** What a server bears before it turns clients away. */
export interface HttpLimits {
  /** Request line and headers; above: 431. */
  readonly headerSizeBytesMax: number;
  /** For the headers to arrive; after that: 408. */
  readonly headersTimeoutMs: number;
  /** For the whole request to arrive; after that: 408. */
  readonly requestTimeoutMs: number;
  /** How often slow clients are looked for. */
  readonly timeoutCheckMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
  /** Clients that have not finished by then are cut off when the server closes. */
  readonly closeTimeoutMs: number;
  /** Connections; on those above every request is answered 503 and the connection closed. */
  readonly connectionsMax: number;
  /** Requests that are being answered; those above: 503. */
  readonly requestsMax: number;
}

export const httpLimits: HttpLimits = {
  headerSizeBytesMax: 32 << 10,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  keepAliveTimeoutMs: 72_000,
  closeTimeoutMs: 10_000,
  connectionsMax: 4096,
  requestsMax: 4096,
};

/** Connections above `connectionsMax` that are still told why; those above these are dropped. */
export const connectionsSurplus = 256;
