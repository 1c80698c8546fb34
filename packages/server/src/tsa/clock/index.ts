// SPDX-License-Identifier: Apache-2.0

/** Whether the machine's clock can be believed: against its monotonic twin, and NTP servers. */
export { type Clock, systemClock } from "./clock.ts";
export { ClockGuard } from "./clock-guard.ts";
export { NtpMonitor, type NtpObserver, type NtpOptions } from "./ntp-monitor.ts";
export { parseNtpServer } from "./sntp.ts";
