// SPDX-License-Identifier: Apache-2.0

/**
 * Requests to the services that signing uses: bounded in time, size and number, and answered by the
 * host that was asked. What the answers mean is the clients' business.
 */
export {
  exchange,
  type HttpAnswer,
  httpDefaults,
  type HttpLimits,
  type HttpOptions,
  type HttpRequest,
  inOneLine,
  quoted,
  sleep,
} from "./exchange.ts";
export { serviceUrl, shownUrl } from "./service-url.ts";
