// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  selectServices,
  type ServiceConfiguration,
  ServiceSelectionError,
  type ServiceSelectionErrorCode,
  type SigningService,
} from "./index.ts";

const now = new Date("2026-01-01T00:00:00Z");
const any: ServiceConfiguration = { selector: "ANY" };
const all: ServiceConfiguration = { selector: "ALL" };

function service(
  url: string,
  operator: string,
  majorApiVersion: number,
  start: string,
  end?: string,
): SigningService {
  const validFor = end
    ? { start: new Date(start), end: new Date(end) }
    : { start: new Date(start) };
  return { url, operator, majorApiVersion, validFor };
}

function urls(
  services: readonly SigningService[],
  config: ServiceConfiguration | undefined,
  supportedVersions: readonly number[] = [1, 2],
): string[] {
  return selectServices(services, config, { supportedVersions, now }).map((item) => item.url);
}

function refuses(
  services: readonly SigningService[],
  config: ServiceConfiguration | undefined,
  code: ServiceSelectionErrorCode,
  supportedVersions?: readonly number[],
): void {
  assert.throws(
    () => urls(services, config, supportedVersions),
    (error: unknown) => {
      assert.ok(error instanceof ServiceSelectionError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

const v1 = service("v1", "one", 1, "2021-01-01");
const v2 = service("v2", "one", 2, "2025-01-01");
const other = service("other", "two", 2, "2024-01-01");

test("the highest supported version is taken alone", () => {
  assert.deepEqual(urls([v1, v2, other], all), ["v2", "other"]);
  assert.deepEqual(urls([v1, v2, other], all, [1]), ["v1"]);
  refuses([v1, v2], any, "no-supported-version", [3]);
  refuses([v1, v2], any, "no-supported-version", []);
});

test("services that are not in use now do not count, at both ends to the millisecond", () => {
  const ended = service("ended", "one", 2, "2020-01-01", "2025-12-31T23:59:59.999Z");
  const ending = service("ending", "one", 1, "2020-01-01", "2026-01-01T00:00:00.000Z");
  const starting = service("starting", "two", 1, "2026-01-01T00:00:00.000Z");
  const future = service("future", "three", 2, "2026-01-01T00:00:00.001Z");
  assert.deepEqual(urls([ended, ending, starting, future], all), ["ending", "starting"]);
  refuses([ended, future], all, "no-valid-service");
});

test("of one operator the service that started last is taken, the first of equals", () => {
  const older = service("older", "one", 2, "2024-01-01");
  const same = service("same", "one", 2, "2025-01-01");
  assert.deepEqual(urls([older, v2, same], all), ["v2"]);
  assert.deepEqual(urls([same, older, v2], all), ["same"]);
});

test("ANY takes one operator, ALL every, EXACT as many as it says", () => {
  const three = service("three", "three", 2, "2024-01-01");
  const services = [v2, other, three];
  assert.deepEqual(urls(services, any), ["v2"]);
  assert.deepEqual(urls(services, all), ["v2", "other", "three"]);
  assert.deepEqual(urls(services, { selector: "EXACT", count: 1 }), ["v2"]);
  assert.deepEqual(urls(services, { selector: "EXACT", count: 3 }), ["v2", "other", "three"]);
  refuses(services, { selector: "EXACT", count: 4 }, "too-few-services");
});

test("two services of one operator do not satisfy EXACT 2", () => {
  const second = service("second", "one", 2, "2025-06-01");
  refuses([v2, second], { selector: "EXACT", count: 2 }, "too-few-services");
  refuses([v1, v2], { selector: "EXACT", count: 2 }, "too-few-services");
});

test("an empty list and a missing configuration are errors of their own", () => {
  refuses([], any, "no-services");
  refuses([], undefined, "no-services");
  refuses([v1], undefined, "no-selector");
});
