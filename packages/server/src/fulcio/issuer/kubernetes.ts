// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonValue } from "@chancery/formats/json";
import { missing, requiredObject, shown, TokenError } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

/** Names of Kubernetes objects: a label for namespaces, a subdomain for service accounts. */
const [labelCharsMax, subdomainCharsMax] = [63, 253];
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** Pods, by their service account. Where a name is missing Fulcio writes a hole; not so here. */
export const kubernetes: IssuerType = {
  name: "kubernetes",
  challengeClaim: "sub",
  principal(token) {
    const claims = requiredObject(token.claims["kubernetes.io"], "kubernetes.io");
    const account = claims["serviceaccount"];
    const namespace = readName(claims["namespace"], "kubernetes.io.namespace", labelCharsMax);
    if (namespace.includes(".")) refuse("kubernetes.io.namespace", namespace);
    const name = readName(
      isObject(account) ? account["name"] : undefined,
      "kubernetes.io.serviceaccount.name",
      subdomainCharsMax,
    );
    const value = `https://kubernetes.io/namespaces/${namespace}/serviceaccounts/${name}`;
    return {
      san: { kind: "uri", value },
      extensions: { issuer: token.issuer, tokenSubject: token.subject },
      challenges: subjectChallenges(token),
    };
  },
};

function readName(value: JsonValue | undefined, path: string, charsMax: number): string {
  if (value === undefined || value === null || value === "") missing(path);
  if (typeof value !== "string" || value.length > charsMax) refuse(path, value);
  if (!value.split(".").every((part) => label.test(part))) refuse(path, value);
  return value;
}

function refuse(path: string, value: JsonValue): never {
  const what = typeof value === "string" ? shown(value) : typeof value;
  const message = `the ${path} claim, ${what}, is no Kubernetes name`;
  throw new TokenError("claim-invalid", message, { claim: path });
}
