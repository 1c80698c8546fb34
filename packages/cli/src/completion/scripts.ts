// SPDX-License-Identifier: Apache-2.0
import type { Place } from "./tree.ts";

export type Shell = "bash" | "zsh" | "fish" | "powershell";

/** The script of each shell, complete in itself: pressing Tab does not start the program. */
export const scripts: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

function bash(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, commands, flags }) =>
      `    "${path}") commands="${words(commands)}" flags="${words(flags)}" ;;`,
  );
  return `# bash completion of chancery
_chancery() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local where="" commands="" flags="" values="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$where/\${COMP_WORDS[i]}" in
      ${paths(places)}) where="$where/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$where" in
${cases.join("\n")}
  esac
  case "$where $previous" in
${valueCases(places, (values) => `values="${values.join(" ")}"`)}
  esac
  if [[ -n "$values" ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  elif [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  fi
}
complete -o default -F _chancery chancery
`;
}

function zsh(places: readonly Place[]): string {
  const list = (choices: readonly { word: string; about: string }[]): string =>
    choices.map(({ word, about }) => quoted(`${word}:${about}`)).join(" ");
  const cases = places.map(
    ({ path, commands, flags }) =>
      `    "${path}") commands=(${list(commands)}) flags=(${list(flags)}) ;;`,
  );
  return `#compdef chancery
# zsh completion of chancery
_chancery() {
  local where="" word
  local -a commands flags values
  for word in \${words[2,CURRENT-1]}; do
    case "$where/$word" in
      ${paths(places)}) where="$where/$word" ;;
    esac
  done
  case "$where" in
${cases.join("\n")}
  esac
  case "$where \${words[CURRENT-1]}" in
${valueCases(places, (values) => `values=(${values.join(" ")})`)}
  esac
  if (( \${#values} )); then
    compadd -a values
  elif [[ "$PREFIX" == -* ]]; then
    _describe flag flags
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ "$funcstack[1]" == "_chancery" ]]; then
  _chancery "$@"
else
  compdef _chancery chancery
fi
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, flags }) => {
    const steps = path.split("/").filter((word) => word !== "");
    const seen = steps.map((word) => `__fish_seen_subcommand_from ${word}`);
    const condition = seen.length === 0 ? "__fish_use_subcommand" : seen.join("; and ");
    const start = `complete -c chancery -n ${quoted(condition)}`;
    return [
      ...commands.map(({ word, about }) => `${start} -f -a ${word} -d ${quoted(about)}`),
      ...flags.map(({ word, about, short, takesValue, values }) => {
        const letter = short === undefined ? "" : ` -s ${short}`;
        const value = takesValue ? " -r" : "";
        const only = values.length === 0 ? "" : ` -f -a ${quoted(values.join(" "))}`;
        return `${start} -l ${word.slice(2)}${letter}${value}${only} -d ${quoted(about)}`;
      }),
    ];
  });
  return `# fish completion of chancery\n${lines.join("\n")}\n`;
}

function powershell(places: readonly Place[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const list = (choices: readonly { word: string; about: string }[]): string =>
    choices.map(({ word, about }) => `@(${quote(word)}, ${quote(about)})`).join(", ");
  const entries = places.map(
    ({ path, commands, flags }) => `    ${quote(path)} = @(${list([...commands, ...flags])})`,
  );
  return `# PowerShell completion of chancery
Register-ArgumentCompleter -Native -CommandName chancery -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $places = @{
${entries.join("\n")}
  }
  $where = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($places.ContainsKey("$where/$element")) { $where = "$where/$element" }
  }
  $places[$where] | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`;
}

function words(choices: readonly { readonly word: string }[]): string {
  return choices.map(({ word }) => word).join(" ");
}

/** All paths but the program's own, as alternatives of a \`case\`. */
function paths(places: readonly Place[]): string {
  return places.flatMap(({ path }) => (path === "" ? [] : [`"${path}"`])).join(" | ");
}

function valueCases(
  places: readonly Place[],
  assign: (values: readonly string[]) => string,
): string {
  return places
    .flatMap(({ path, flags }) =>
      flags.flatMap(({ word, values }) =>
        values.length === 0 ? [] : [`    "${path} ${word}") ${assign(values)} ;;`],
      ),
    )
    .join("\n");
}

/** A word in single quotes, as POSIX shells, zsh and fish read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "'\\''")}'`;
}
