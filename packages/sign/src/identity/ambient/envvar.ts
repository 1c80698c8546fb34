// SPDX-License-Identifier: Apache-2.0
import { variable } from "../context.ts";
import { malformedToken } from "../jwt.ts";
import { type AmbientSource, byVariables } from "../source.ts";
import { gitlabVariable, isGitlab } from "./gitlab.ts";

const name = "SIGSTORE_ID_TOKEN";

/** A token in a variable. In a job of GitLab that is the source `gitlab`. */
export const envvar: AmbientSource = {
  name: "envvar",
  async detect(context, audience) {
    const { environment } = context;
    const isSet = Object.hasOwn(environment, name) && environment[name] !== undefined;
    const isOther = isGitlab(context) && gitlabVariable(audience) === name;
    return isSet && !isOther ? byVariables(name) : undefined;
  },
  async token(_audience, context) {
    const text = variable(context, name);
    // Who set it wanted a token to be there: not the same as if it were not set.
    if (text === undefined) throw malformedToken(`in the variable ${name} is empty`);
    return text.trim();
  },
};
