// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { SignError } from "../../errors.ts";
import { type IdentityContext, variable } from "../context.ts";
import { tokenCharsMax } from "../jwt.ts";
import { type AmbientSource, byVariables } from "../source.ts";

const timeoutMs = 15_000;

/** A job of CircleCI: its own command makes the tokens. */
export const circleci: AmbientSource = {
  name: "circleci",
  async detect(context) {
    return variable(context, "CIRCLECI") === undefined ? undefined : byVariables("CIRCLECI");
  },
  async token(audience, context) {
    const claims = JSON.stringify({ aud: audience });
    const printed = await run(
      "circleci",
      ["run", "oidc", "get", "--claims", claims, "--root-issuer"],
      context,
    );
    return printed.trim();
  },
};

/** What a program prints. Its words on failure are not shown: they may hold the token. */
async function run(
  program: string,
  parameters: readonly string[],
  { environment, http }: IdentityContext,
): Promise<string> {
  const options = {
    env: { ...environment },
    timeout: timeoutMs,
    maxBuffer: tokenCharsMax,
    ...(http?.signal && { signal: http.signal }),
  };
  return new Promise((resolve, reject) => {
    execFile(program, parameters, options, (failure, printed) => {
      if (!failure) {
        resolve(printed);
        return;
      }
      const { code, killed } = failure;
      const problem = killed
        ? "did not end, or printed too much"
        : `fails with ${code ?? "a signal"}`;
      reject(
        new SignError(
          "identity-token-unreadable",
          `the program ${program}, asked for an identity token, ${problem}`,
          `try it by hand: ${program} ${parameters.slice(0, 3).join(" ")}`,
        ),
      );
    });
  });
}
