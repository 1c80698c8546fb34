// SPDX-License-Identifier: Apache-2.0

/**
 * Which signal asks to stop. Another one while stopping ends the process as it does by default.
 * @param signal of the invocation, aborted when its time is over
 */
export function stopAsked(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve(name));
    signal.addEventListener("abort", () => resolve("--timeout"), { once: true });
  });
}
