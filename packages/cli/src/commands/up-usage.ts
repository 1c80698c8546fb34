// SPDX-License-Identifier: Apache-2.0
import type { Stack } from "@chancery/server";
import { shellWord } from "../files/index.ts";

/** Where `up` runs: paths as its user named them. */
export interface UpPlaces {
  readonly data: string;
  readonly trustedRoot: string;
  readonly signingConfig: string;
}

/** What of a stack decides how it is used. */
type Running = Pick<Stack, "url" | "services" | "facts" | "usage">;

/** What is where, then the lines to type, which work as they stand but for FILE. */
export function usageLines(stack: Running, places: UpPlaces): string[] {
  const { url } = stack;
  const usages = stack.usage({ url, data: shellWord(places.data) });
  const table = [
    ...usages.flatMap((usage) => usage.places),
    ["API", `${url}/docs`],
    ["trusted root", places.trustedRoot],
    ["signing config", places.signingConfig],
  ] as const;
  const groups: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ["First:", usages.flatMap(({ first = [] }) => first)],
    [
      "Once for each user, in the place of the instance trusted so far (TUF_ROOT keeps both):",
      initialisation(stack),
    ],
    ["With cosign:", examples("cosign", stack, places)],
    ["With Chancery:", examples("chancery", stack, places)],
  ];
  return [
    ...table.map(([label, place]) => label.padEnd(16) + place),
    ...groups.flatMap(([title, lines]) =>
      lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)],
    ),
  ];
}

/** How clients come to trust the stack; nothing where it has no TUF repository. */
function initialisation({ url, facts }: Running): readonly string[] {
  const { tufRootSha256: checksum } = facts;
  if (checksum === undefined) return [];
  const flags = `--mirror ${url}/tuf --root ${url}/tuf/1.root.json --root-checksum ${checksum}`;
  return [`cosign initialize ${flags}`, `chancery initialize ${flags}`];
}

/** Signing and verifying, with an identity and with a key, as far as there are services for it. */
function examples(
  tool: "cosign" | "chancery",
  { url, services, facts }: Running,
  places: UpPlaces,
): readonly string[] {
  const runs = (...names: readonly string[]): boolean =>
    names.every((name) => services.includes(name));
  if (!runs("rekor")) return [];
  const viaTuf = facts["tufRootSha256"] !== undefined;
  const trust = viaTuf ? "" : ` --trusted-root ${shellWord(places.trustedRoot)}`;
  const config = viaTuf ? "" : ` --signing-config ${shellWord(places.signingConfig)}${trust}`;
  // With a key, this command logs only what it is told to.
  const logged = viaTuf && tool === "chancery" ? " --use-signing-config" : "";
  const bundle = "--bundle FILE.sigstore.json FILE";
  const who = `--certificate-identity you@example.com --certificate-oidc-issuer ${url}/oidc`;
  const keyless = [
    `${tool} sign-blob${config} ${bundle}`,
    `${tool} verify-blob${trust} ${who} ${bundle}`,
  ];
  const keyed = [
    `${tool} generate-key-pair`,
    `${tool} sign-blob --key cosign.key${logged}${config} ${bundle}`,
    `${tool} verify-blob --key cosign.pub${trust} ${bundle}`,
  ];
  const search = `chancery log search --rekor-server ${url} --public-key cosign.pub`;
  return [
    ...(runs("fulcio", "idp") ? keyless : []),
    ...keyed,
    ...(tool === "chancery" ? [search] : []),
  ];
}
