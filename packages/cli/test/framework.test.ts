// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CliError,
  type Command,
  defineCommand,
  describeError,
  exitCodes,
  fileError,
  type Group,
  type Invocation,
  readDuration,
} from "../src/framework/index.ts";
import { World } from "./world.ts";

interface ProbeFlags {
  readonly name?: string;
  readonly outputKeyPrefix: string;
  readonly yes: boolean;
  readonly upload: boolean;
  readonly item: readonly string[];
  readonly raw: readonly string[];
  readonly colour?: string;
  readonly old?: string;
  readonly oldSwitch: boolean;
  readonly gone?: string;
  readonly certificate?: string;
}

let seen: Invocation<ProbeFlags> | undefined;
let behave: (invocation: Invocation<ProbeFlags>) => Promise<number | void> = async () => undefined;

const probe: Command = defineCommand<ProbeFlags>({
  name: "probe",
  summary: "Show what arrives",
  arguments: [{ name: "WORD", optional: true, variadic: true }],
  flags: {
    name: { type: "text", short: "n", value: "NAME", about: "a name" },
    outputKeyPrefix: { type: "text", value: "PREFIX", about: "a prefix", default: "cosign" },
    yes: { type: "boolean", short: "y", about: "yes" },
    upload: { type: "boolean", about: "upload", default: true },
    item: { type: "list", value: "ITEM", about: "items" },
    raw: { type: "list", value: "RAW", about: "items with commas", commas: false },
    colour: { type: "text", value: "COLOUR", about: "a colour", choices: ["red", "blue"] },
    old: { type: "text", value: "OLD", about: "", ignored: "nobody needs it" },
    oldSwitch: { type: "boolean", about: "", ignored: "nobody needs it" },
    gone: { type: "text", value: "GONE", about: "", refused: "use --name" },
    certificate: { type: "text", value: "FILE", about: "a certificate" },
  },
  examples: [{ about: "Show", line: "chancery probe" }],
  load: async () => async (invocation) => {
    seen = invocation;
    return behave(invocation);
  },
});
const root: Group = {
  name: "chancery",
  summary: "Probe",
  commands: [probe, { name: "group", summary: "More", commands: [probe] }],
};

const world = new World();

async function parsed(
  line: string | readonly string[],
  env: Record<string, string> = {},
): Promise<{ invocation: Invocation<ProbeFlags>; stderr: string }> {
  seen = undefined;
  behave = async () => undefined;
  const { code, stderr } = await world.run(line, { root, env });
  assert.equal(code, 0, stderr);
  assert.ok(seen);
  return { invocation: seen, stderr };
}

async function refused(line: string | readonly string[], env: Record<string, string> = {}) {
  seen = undefined;
  const { code, stdout, stderr } = await world.run(line, { root, env });
  assert.equal(code, exitCodes.usage, stderr);
  assert.equal(seen, undefined);
  assert.equal(stdout, "");
  assert.match(stderr, /^chancery: error: ([^A-Z]|COSIGN_).*[^.]\n/);
  return stderr;
}

test("flags take their value after a space or after an equals sign", async () => {
  for (const line of ["probe --name a", "probe --name=a", "probe -n a", "probe -n=a"]) {
    const { invocation, stderr } = await parsed(line);
    assert.equal(invocation.flags.name, "a", line);
    assert.equal(stderr, "");
  }
  assert.equal((await parsed("probe --name a --name b")).invocation.flags.name, "b");
  assert.equal((await parsed("probe --name=")).invocation.flags.name, "");
  assert.equal((await parsed(["probe", "--name", "-"])).invocation.flags.name, "-");
  assert.equal((await parsed(["probe", "--name", "-5"])).invocation.flags.name, "-5");
  assert.equal((await parsed(["probe", "--name=a=b"])).invocation.flags.name, "a=b");
});

test("a boolean never takes the argument after it", async () => {
  const { invocation } = await parsed("probe --yes true");
  assert.equal(invocation.flags.yes, true);
  assert.deepEqual(invocation.args, ["true"]);
  assert.equal((await parsed("probe --upload=false")).invocation.flags.upload, false);
  assert.equal((await parsed("probe --upload=0 -y=T")).invocation.flags.yes, true);
  assert.equal((await parsed("probe")).invocation.flags.upload, true);
  assert.equal((await parsed("probe")).invocation.flags.yes, false);
  assert.match(await refused("probe --yes=maybe"), /--yes is "maybe", neither true nor false/);
});

test("lists are repeated, separated by commas, or both", async () => {
  const { flags } = (await parsed("probe --item a,b --item c --raw x,y")).invocation;
  assert.deepEqual(flags.item, ["a", "b", "c"]);
  assert.deepEqual(flags.raw, ["x,y"]);
  assert.deepEqual((await parsed("probe")).invocation.flags.item, []);
});

test("one dash before a long name is understood with a warning", async () => {
  const { invocation, stderr } = await parsed("probe -name a -yes");
  assert.equal(invocation.flags.name, "a");
  assert.equal(invocation.flags.yes, true);
  assert.equal(
    stderr,
    "chancery: warning: use --name instead of -name\n" +
      "chancery: warning: use --yes instead of -yes\n",
  );
  assert.equal((await parsed("probe --n a")).invocation.flags.name, "a");
});

test("cosign's short names for certificates are understood", async () => {
  assert.equal((await parsed("probe --cert a")).invocation.flags.certificate, "a");
});

test("flags of every command may stand before the command", async () => {
  const { invocation } = await parsed("--verbose --timeout 5s probe a --name b");
  assert.equal(invocation.report.verbose, true);
  assert.equal(invocation.flags.name, "b");
  assert.deepEqual(invocation.args, ["a"]);
});

test("after two dashes everything is an argument, and one dash always is", async () => {
  const { invocation } = await parsed(["probe", "-", "--", "--name", "--nonsense"]);
  assert.deepEqual(invocation.args, ["-", "--name", "--nonsense"]);
  assert.equal(invocation.flags.name, undefined);
});

test("commands in groups are found", async () => {
  assert.equal((await parsed("group probe --name a")).invocation.flags.name, "a");
  assert.match(
    await refused("group"),
    /chancery group needs a command\nhint: chancery group --help/,
  );
  assert.match(await refused("group prob"), /unknown command prob\nhint: did you mean probe\?/);
});

test("every flag can be set in the environment, ours before cosign's, both after argv", async () => {
  const env = { COSIGN_NAME: "theirs", COSIGN_YES: "true", CHANCERY_OUTPUT_KEY_PREFIX: "p" };
  const { flags, given } = (await parsed("probe", env)).invocation;
  assert.equal(flags.name, "theirs");
  assert.equal(flags.yes, true);
  assert.equal(flags.outputKeyPrefix, "p");
  assert.deepEqual([...given].sort(), ["name", "outputKeyPrefix", "yes"]);
  const both = { ...env, CHANCERY_NAME: "ours" };
  assert.equal((await parsed("probe", both)).invocation.flags.name, "ours");
  assert.equal((await parsed("probe --name argv", both)).invocation.flags.name, "argv");
  const empty = { CHANCERY_NAME: "", COSIGN_NAME: "theirs", COSIGN_UPLOAD: "" };
  const { flags: withEmpty } = (await parsed("probe", empty)).invocation;
  assert.equal(withEmpty.name, "theirs");
  assert.equal(withEmpty.upload, true);
  assert.deepEqual((await parsed("probe", { COSIGN_ITEM: "a,b" })).invocation.flags.item, [
    "a",
    "b",
  ]);
  assert.match(await refused("probe", { COSIGN_YES: "oui" }), /COSIGN_YES is "oui"/);
});

test("flags from elsewhere are ignored with a reason, or refused with what to do", async () => {
  const { stderr } = await parsed("probe --old x --old-switch=false");
  assert.equal(stderr, "chancery: warning: --old is ignored: nobody needs it\n");
  assert.match(await refused("probe --gone x"), /--gone cannot be used here\nhint: use --name\n/);
  assert.match(await refused("probe", { COSIGN_GONE: "x" }), /--gone cannot be used here/);
});

test("what is unknown is refused with what was probably meant", async () => {
  assert.match(await refused("probe --nam a"), /unknown flag --nam\nhint: did you mean --name\?/);
  assert.match(await refused("probe --zzz=secret"), /unknown flag --zzz\nhint: chancery probe/);
  assert.doesNotMatch(await refused("probe --zzz=secret"), /secret/);
  assert.match(await refused("prob"), /unknown command prob\nhint: did you mean probe\?/);
  assert.match(await refused(""), /chancery needs a command\nhint: chancery --help/);
  assert.match(await refused("probe --colour green"), /--colour is "green", not one of red, blue/);
  assert.match(await refused("probe --name"), /--name needs a value\nhint: --name NAME/);
  assert.match(await refused("probe --name --yes"), /--name needs a value/);
  assert.match(await refused("probe --output xml"), /--output is "xml", not one of text, json/);
});

test("help goes to standard output, shows flags and examples, and hides what is not served", async () => {
  for (const line of ["probe --help", "probe -h", "help probe", "probe --name a --help"]) {
    const { code, stdout, stderr } = await world.run(line, { root });
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^Usage: chancery probe \[flags\] \[WORD\.\.\.\]\n/);
    assert.match(stdout, / {2}-n, --name NAME +a name\n/);
    assert.match(stdout, /--colour COLOUR +a colour \(red\|blue\)/);
    assert.match(stdout, /--upload +upload \(default true\)/);
    assert.match(stdout, /Examples:\n {2}# Show\n {2}chancery probe\n/);
    assert.doesNotMatch(stdout, /--old|--gone/);
    for (const text of stdout.split("\n")) assert.ok(text.length <= 100, text);
  }
  const { stdout } = await world.run("--help", { root });
  assert.match(stdout, /probe .*Show what arrives/);
});

test("results are text, or one line of JSON with the version of its form", async () => {
  behave = async ({ report }) => report.result({ answer: 42 }, "forty-two\n");
  assert.equal((await world.run("probe", { root })).stdout, "forty-two\n");
  const { stdout } = await world.run("probe --output json", { root });
  assert.equal(stdout, '{"version":1,"answer":42}\n');
});

test("--output-file takes the result, written when the command has succeeded", async () => {
  behave = async ({ report }) => report.result({}, "new\n");
  world.write("result.txt", "an older and longer result\n");
  const { stdout } = await world.run("probe --output-file result.txt", { root });
  assert.equal(stdout, "");
  assert.equal(world.read("result.txt"), "new\n");
  behave = async ({ report }) => {
    report.result({}, "half\n");
    throw new CliError("unavailable", "network", "the line was cut");
  };
  assert.equal((await world.run("probe --output-file result.txt", { root })).code, 3);
  assert.equal(world.read("result.txt"), "new\n");
  behave = async ({ report }) => report.result({}, "x");
  const missing = await world.run("probe --output-file none/result.txt", { root });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\/result\.txt: no such file/);
});

test("each outcome has its exit code, and its error in words and in JSON", async () => {
  const outcomes = { refused: 1, usage: 2, unavailable: 3, internal: 4 } as const;
  for (const [outcome, code] of Object.entries(outcomes)) {
    behave = async () => {
      throw new CliError(outcome as keyof typeof outcomes, "some-code", "it broke", {
        hint: "mend",
      });
    };
    const text = await world.run("probe", { root });
    assert.equal(text.code, code);
    assert.equal(text.stdout, "");
    assert.equal(text.stderr, "chancery: error: it broke\nhint: mend\n");
    const json = await world.run("probe --output=json", { root });
    assert.equal(json.code, code);
    assert.equal(json.stderr, text.stderr);
    assert.deepEqual(JSON.parse(json.stdout), {
      version: 1,
      error: { code: "some-code", outcome, message: "it broke", hint: "mend" },
    });
  }
});

test("mistakes on the command line are JSON too where that is asked for", async () => {
  const { code, stdout } = await world.run("probe --nam a --output json", { root });
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).error.outcome, "usage");
});

test("what nobody expected is an internal error that asks to be reported", async () => {
  behave = async () => {
    throw new TypeError("x is undefined");
  };
  const { code, stderr } = await world.run("probe", { root });
  assert.equal(code, 4);
  assert.match(stderr, /^chancery: error: x is undefined\nhint: this is a fault of the program/);
  assert.match(stderr, /caused by TypeError: x is undefined\n +at /);
});

test("system errors say what is wrong with the path, or that the network is away", () => {
  const cases = [
    ["ENOENT", "usage", "file-missing"],
    ["EISDIR", "usage", "file-is-directory"],
    ["EACCES", "unavailable", "file-not-permitted"],
    ["ENOSPC", "unavailable", "disk-full"],
  ] as const;
  for (const [code, outcome, expected] of cases) {
    const error = fileError(Object.assign(new Error("x"), { code }), "a/b") as CliError;
    assert.equal(error.code, expected);
    assert.equal(error.outcome, outcome);
    assert.match(error.message, /^a\/b: /);
  }
  const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const failed = describeError(new TypeError("fetch failed", { cause }));
  assert.equal(failed.outcome, "unavailable");
  assert.equal(failed.code, "network");
});

test("--timeout ends a command that takes too long, and tells it", async () => {
  let told = false;
  behave = ({ signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => (told = true));
    });
  const { code, stderr } = await world.run("probe --timeout 20ms", { root });
  assert.equal(code, 3);
  assert.match(stderr, /gave up after 20ms\nhint: pass a longer --timeout/);
  assert.equal(told, true);
  assert.match(await refused("probe --timeout soon"), /--timeout is "soon", not a duration/);
});

test("durations are Go's", () => {
  assert.equal(readDuration("3m0s", "x"), 180_000);
  assert.equal(readDuration("1h2m3.5s", "x"), 3_723_500);
  assert.equal(readDuration("250ms", "x"), 250);
  assert.equal(readDuration("0", "x"), 0);
  for (const text of ["", "5", "s", "5 s", "-5s", "5d", "5s5"]) {
    assert.throws(() => readDuration(text, "x"), CliError, text);
  }
});

test("colour is for terminals, and NO_COLOR and FORCE_COLOR decide", async () => {
  const red = "\u001b[31merror:\u001b[39m";
  const stderrOf = async (env: Record<string, string>, stderr: boolean): Promise<string> =>
    (await world.run("nonsense", { root, env, tty: { stderr } })).stderr;
  assert.ok((await stderrOf({}, true)).includes(red));
  assert.ok(!(await stderrOf({}, false)).includes("\u001b"));
  assert.ok(!(await stderrOf({ NO_COLOR: "1" }, true)).includes("\u001b"));
  assert.ok((await stderrOf({ NO_COLOR: "" }, true)).includes(red));
  assert.ok((await stderrOf({ FORCE_COLOR: "1" }, false)).includes(red));
  assert.ok(!(await stderrOf({ FORCE_COLOR: "0" }, true)).includes("\u001b"));
  assert.ok(!(await stderrOf({ FORCE_COLOR: "1", NO_COLOR: "1" }, true)).includes("\u001b"));
  assert.ok(!(await stderrOf({ TERM: "dumb" }, true)).includes("\u001b"));
});
