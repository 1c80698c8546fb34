// SPDX-License-Identifier: Apache-2.0
// Evidence as a list to read. Everything is set as text: what a bundle says is never markup.
import { type Check, type Evidence, firstFailure } from "@chancery/verify";

const marks: Readonly<Record<Check["status"], string>> = {
  passed: "✓",
  failed: "✕",
  skipped: "–",
};
const titles: Readonly<Record<string, string>> = { sct: "SCT" };

/** Shows the verdict, what it rests on, and every check. @returns the answer in a sentence */
export function showEvidence(place: HTMLElement, evidence: Evidence): string {
  const { verdict, reason, checks } = evidence;
  const verified = verdict === "verified";
  const count = (status: Check["status"]): number =>
    checks.filter((check) => check.status === status).length;
  const tally = (["passed", "failed", "skipped"] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`)
    .join(", ");
  const sentence = verified ? undefined : firstFailure(checks)?.message;
  place.replaceChildren(
    banner(verdict, verified ? "Verified" : "Refused", sentence, reason),
    ...(verified ? [facts(evidence)] : []),
    node("h3", "", "Checks ", node("span", "tally", tally)),
    node("ol", "checks", ...checks.map(checkItem)),
  );
  return verified ? `Verified: ${tally}` : `Refused: ${sentence ?? ""}; ${tally}`;
}

/** Shows what is needed before anything can be said. @returns it in a sentence */
export function showMissing(
  place: HTMLElement,
  lacks: readonly { readonly what: string }[],
): string {
  const items = lacks.map(({ what }) => node("li", "", what));
  place.replaceChildren(
    node("div", "waiting", node("h2", "", "Still needed"), node("ul", "", ...items)),
  );
  return `Still needed: ${lacks.map(({ what }) => what).join("; ")}`;
}

/** Shows why nothing could be verified at all. @returns it in a sentence */
export function showProblem(
  place: HTMLElement,
  { message, code }: { readonly message: string; readonly code?: string },
): string {
  place.replaceChildren(banner("refused", "Could not verify", message, code));
  return `Could not verify: ${message}`;
}

function banner(kind: string, title: string, sentence?: string, code?: string): HTMLElement {
  const mark = node("span", "mark", kind === "verified" ? marks.passed : marks.failed);
  mark.setAttribute("aria-hidden", "true");
  const words = node("div", "", node("h2", "", title));
  if (sentence !== undefined) words.append(node("p", "", capital(sentence)));
  if (code !== undefined) words.append(node("code", "reason", code));
  return node("div", `banner ${kind}`, mark, words);
}

function facts({ signer, times, logEntries }: Evidence): HTMLElement {
  const rows: [string, string][] = [];
  if (signer?.kind === "certificate") {
    rows.push(["Signed by", signer.identity ?? "a certificate without identity"]);
    if (signer.issuer !== undefined) rows.push(["Vouched for by", signer.issuer]);
  } else if (signer) rows.push(["Signed with key", `sha256:${signer.keySha256}`]);
  for (const { time, by } of times) rows.push(["Signed before", `${moment(time)}, says ${by}`]);
  for (const { log, logIndex } of logEntries) rows.push(["Logged", `${log}, entry ${logIndex}`]);
  return definitions("facts", rows);
}

function checkItem({ name, about, status, code, message, values }: Check): HTMLElement {
  const mark = node("span", "mark", marks[status]);
  mark.setAttribute("aria-hidden", "true");
  const title = titles[name] ?? capital(name.replaceAll("-", " "));
  const head = node("p", "head", node("strong", "", title));
  if (about !== undefined) head.append(" ", node("code", "about", about));
  head.append(node("span", "hidden", `: ${status}`));
  const body = node("div", "", head, node("p", "message", capital(message)));
  if (code !== undefined) body.append(node("code", "reason", code));
  const rows = Object.entries(values ?? {});
  if (rows.length > 0) body.append(definitions("values", rows));
  const item = node("li", status, mark, body);
  item.dataset["check"] = name;
  return item;
}

function definitions(className: string, rows: readonly (readonly [string, string])[]): HTMLElement {
  const list = node("dl", className);
  for (const [term, value] of rows) list.append(node("dt", "", term), node("dd", "", value));
  return list;
}

function moment(time: Date): string {
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.000Z$|Z$/, " UTC");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function node(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}
