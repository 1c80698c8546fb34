// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { needVectors } from "../../../../test/vectors.ts";
import { placesOf, signingConfigValue, trustedRootValue } from "../../test/trust-material.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  clientTrustConfigMediaType,
  decodeClientTrustConfig,
  decodeSigningConfig,
  decodeTrustedRoot,
  encodeClientTrustConfig,
  encodeSigningConfig,
} from "./index.ts";

function refuses(change: (config: any) => void, code: FormatErrorCode, place: string): void {
  const config = signingConfigValue();
  change(config);
  assert.throws(
    () => decodeSigningConfig(JSON.stringify(config)),
    (error: unknown) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.deepEqual([error.code, error.place], [code, place], error.message);
      return true;
    },
  );
}

test("a signing config is read field by field and written as it was", () => {
  const text = `${JSON.stringify(signingConfigValue(), undefined, 2)}\n`;
  const config = decodeSigningConfig(text);
  assert.deepEqual(config.caUrls, [
    {
      url: "https://ca.example.com",
      majorApiVersion: 1,
      validFor: {
        start: new Date("2024-01-01T00:00:00Z"),
        end: new Date("2030-01-01T00:00:00Z"),
      },
      operator: "example.com",
    },
  ]);
  assert.deepEqual(
    config.rekorTlogUrls.map((service) => service.majorApiVersion),
    [2, 1],
  );
  assert.equal(config.oidcUrls[0]?.url, "https://oidc.example.com/auth");
  assert.equal(config.tsaUrls[0]?.url, "http://localhost:3004/api/v1/timestamp");
  assert.deepEqual(config.rekorTlogConfig, { selector: "EXACT", count: 2 });
  assert.deepEqual(config.tsaConfig, { selector: "ANY" });
  assert.equal(encodeSigningConfig(config), text);
});

test("the public signing configs survive a round trip, version 0.1 is refused by name", (t) => {
  const directory = needVectors(t, "public-good/targets");
  if (directory === undefined) return;
  for (const name of ["signing_config.v0.2.json", "signing_config_rekor_v2.v0.2.json"]) {
    const config = decodeSigningConfig(readFileSync(`${directory}/${name}`));
    assert.deepEqual(decodeSigningConfig(encodeSigningConfig(config)), config);
    assert.deepEqual(config.rekorTlogConfig, { selector: "ANY" });
  }
  assert.throws(() => decodeSigningConfig(readFileSync(`${directory}/signing_config.json`)), {
    code: "unknown-media-type",
    message: /version 0\.1 .* signing_config\.v0\.2\.json/,
  });
});

test("absent lists are empty, absent configurations undefined", () => {
  const { mediaType } = signingConfigValue();
  const config = decodeSigningConfig(
    JSON.stringify({ mediaType, rekorTlogConfig: {}, tsaConfig: null }),
  );
  assert.deepEqual(config, {
    mediaType,
    caUrls: [],
    oidcUrls: [],
    rekorTlogUrls: [],
    tsaUrls: [],
  });
  assert.throws(() => encodeSigningConfig({ ...config, mediaType: "x" }), {
    code: "unknown-media-type",
  });
});

test("selectors and counts have one meaning or are refused", () => {
  const config = (rekorTlogConfig: unknown): ((value: any) => void) => {
    return (value) => {
      value.rekorTlogConfig = rekorTlogConfig;
    };
  };
  const place = "rekorTlogConfig";
  refuses(config({ count: 1 }), "missing-field", `${place}.selector`);
  refuses(config({ extra: 1 }), "unknown-field", `${place}.extra`);
  refuses(config({ selector: "SERVICE_SELECTOR_UNDEFINED" }), "unsupported", `${place}.selector`);
  refuses(config({ selector: "any" }), "unsupported", `${place}.selector`);
  refuses(config({ selector: 2 }), "wrong-type", `${place}.selector`);
  refuses(config({ selector: "EXACT" }), "missing-field", `${place}.count`);
  refuses(config({ selector: "EXACT", count: 0 }), "missing-field", `${place}.count`);
  refuses(config({ selector: "EXACT", count: -1 }), "out-of-range", `${place}.count`);
  refuses(config({ selector: "EXACT", count: 2 ** 32 }), "out-of-range", `${place}.count`);
  refuses(config({ selector: "EXACT", count: 1.5 }), "wrong-type", `${place}.count`);
  refuses(config({ selector: "EXACT", count: "1" }), "wrong-type", `${place}.count`);
  const value = signingConfigValue();
  value.rekorTlogConfig = { selector: "ALL", count: 3 };
  assert.deepEqual(decodeSigningConfig(JSON.stringify(value)).rekorTlogConfig, {
    selector: "ALL",
  });
});

test("URLs other than http and https are refused", () => {
  for (const url of ["", "log.example.com", "ftp://a", "javascript:0", "https://", "https://a b"]) {
    refuses((value) => (value.caUrls[0].url = url), "malformed", "caUrls[0].url");
  }
  refuses((value) => delete value.caUrls[0].url, "missing-field", "caUrls[0].url");
});

test("an unknown field is refused in every object, another type in every place", () => {
  for (const { path } of placesOf({ "": signingConfigValue() })) {
    const value = { "": signingConfigValue() };
    const place = placesOf(value).find((other) => other.path === path)!;
    const right = place.holder[place.name];
    if (typeof right === "object" && !Array.isArray(right)) {
      right.extra = 1;
      assert.throws(() => decodeSigningConfig(JSON.stringify(value[""])), {
        code: "unknown-field",
      });
    }
    for (const wrong of [true, -1, "?", [[]]]) {
      if (typeof wrong === "string" && path.endsWith("operator")) continue;
      place.holder[place.name] = wrong;
      assert.throws(
        () => decodeSigningConfig(JSON.stringify(value[""])),
        FormatError,
        `${path} = ${JSON.stringify(wrong)}`,
      );
    }
  }
});

test("a config cut anywhere or changed at random is refused as a format or is another config", () => {
  const text = JSON.stringify(signingConfigValue());
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => decodeSigningConfig(text.slice(0, length)), FormatError);
  }
  const bytes = new TextEncoder().encode(text);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const mutated = Uint8Array.from(bytes);
      mutated[at] = (mutated[at] as number) ^ mask;
      try {
        const config = decodeSigningConfig(mutated);
        assert.deepEqual(decodeSigningConfig(encodeSigningConfig(config)), config);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

test("a client trust config holds both and is as strict about each", () => {
  const value = {
    mediaType: clientTrustConfigMediaType,
    trustedRoot: trustedRootValue(),
    signingConfig: signingConfigValue(),
  };
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  const config = decodeClientTrustConfig(text);
  assert.equal(encodeClientTrustConfig(config), text);
  assert.deepEqual(config.trustedRoot, decodeTrustedRoot(JSON.stringify(value.trustedRoot)));

  const refusesConfig = (change: object, code: FormatErrorCode, place: string): void => {
    const changed = JSON.stringify({ ...value, ...change });
    assert.throws(() => decodeClientTrustConfig(changed), { code, place });
  };
  refusesConfig({ mediaType: "application/json" }, "unknown-media-type", "mediaType");
  refusesConfig({ trustedRoot: undefined }, "missing-field", "trustedRoot");
  refusesConfig({ signingConfig: null }, "missing-field", "signingConfig");
  refusesConfig({ extra: 1 }, "unknown-field", "extra");
  refusesConfig(
    { trustedRoot: { ...value.trustedRoot, extra: 1 } },
    "unknown-field",
    "trustedRoot.extra",
  );
  refusesConfig(
    { signingConfig: value.trustedRoot },
    "unknown-media-type",
    "signingConfig.mediaType",
  );
  assert.throws(() => encodeClientTrustConfig({ ...config, mediaType: "x" }), {
    code: "unknown-media-type",
  });
});
