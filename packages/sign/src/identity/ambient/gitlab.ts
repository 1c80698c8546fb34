// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../../errors.ts";
import { type IdentityContext, variable } from "../context.ts";
import { type AmbientSource, byVariables } from "../source.ts";

/**
 * A job of GitLab, which declares its tokens: `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`. For
 * another audience the variable is named after that.
 */
export const gitlab: AmbientSource = {
  name: "gitlab",
  async detect(context, audience) {
    const name = gitlabVariable(audience);
    const isSet = isGitlab(context) && variable(context, name) !== undefined;
    return isSet ? byVariables("GITLAB_CI", name) : undefined;
  },
  async token(audience, context) {
    const text = variable(context, gitlabVariable(audience));
    if (text !== undefined) return text.trim();
    const message = `the job declares no token for the audience ${audience}`;
    throw new SignError("identity-token-unreadable", message, declaration(audience));
  },
  lacking(context, audience) {
    if (!isGitlab(context)) return undefined;
    return `this job of GitLab declares no token: ${declaration(audience)}`;
  },
};

export function isGitlab(context: IdentityContext): boolean {
  return variable(context, "GITLAB_CI") !== undefined;
}

/** Where a job finds its token for an audience. */
export function gitlabVariable(audience: string): string {
  return `${audience.toUpperCase().replace(/[^A-Z0-9_]/g, "_")}_ID_TOKEN`;
}

function declaration(audience: string): string {
  return `add to the job: id_tokens: { ${gitlabVariable(audience)}: { aud: ${audience} } }`;
}
