// SPDX-License-Identifier: Apache-2.0
// The rules of the house that no linter knows: layers, cycles, lengths, banned calls, manifests.
import { formatFinding, readProject, tidy } from "./tidy/tidy.ts";

const files = readProject(new URL("../", import.meta.url));
const findings = tidy(files);
for (const finding of findings) console.error(formatFinding(finding));
const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
console.error(`tidy: ${count} in ${files.size} files`);
process.exitCode = findings.length === 0 ? 0 : 1;
