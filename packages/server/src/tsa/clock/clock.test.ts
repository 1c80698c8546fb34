// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { suite, test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import { TestClock } from "../../../test/timestamp-server.ts";
import { systemClock } from "./clock.ts";
import { ClockGuard } from "./clock-guard.ts";
import { NtpMonitor, type NtpObserver, type NtpOptions } from "./ntp-monitor.ts";
import { askTime, type NtpServer, parseNtpServer } from "./sntp.ts";

const now = new Date("2030-06-01T12:00:00.250Z");
const ntpEpochMs = 2_208_988_800_000;

/** Writes a time as NTP does, cut to 32 bits. */
function writeTimestamp(packet: Buffer, offset: number, ms: number): void {
  const since1900 = ms + ntpEpochMs;
  packet.writeUInt32BE(Math.floor(since1900 / 1000) % 2 ** 32, offset);
  packet.writeUInt32BE(Math.floor(((since1900 % 1000) / 1000) * 2 ** 32), offset + 4);
}

/** What a right server answers at a time. */
function answerOf(question: Buffer, ms: number): Buffer {
  const answer = Buffer.alloc(48);
  answer[0] = 0x24; // version 4, mode server
  answer[1] = 2;
  question.copy(answer, 24, 40, 48);
  writeTimestamp(answer, 32, ms);
  writeTimestamp(answer, 40, ms);
  return answer;
}

type Answer = (question: Buffer) => Buffer | undefined;

/** An NTP server on loopback; `undefined` is no answer. */
async function started(t: TestContext, answer: Answer): Promise<NtpServer> {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    const made = answer(question);
    if (made) socket.send(made, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.after(() => socket.close());
  return { host: "127.0.0.1", port: socket.address().port };
}

const right =
  (clock: TestClock, offsetMs = 0): Answer =>
  (question) =>
    answerOf(question, clock.wall + offsetMs);

test("the clocks of the machine go on together", async () => {
  const lead = (): number => systemClock.wallMs() - systemClock.monotonicMs();
  const before = lead();
  await setTimeout(30);
  assert.ok(Math.abs(lead() - before) < 1_000);
  assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1_000);
});

suite("the name of an NTP server", () => {
  for (const [text, host, port] of [
    ["time.example.com", "time.example.com", 123],
    ["time.example.com:1123", "time.example.com", 1123],
    ["192.0.2.1", "192.0.2.1", 123],
    ["[2001:db8::1]", "2001:db8::1", 123],
    ["[2001:db8::1]:1", "2001:db8::1", 1],
  ] as const) {
    test(text, () => assert.deepEqual(parseNtpServer(text), { host, port }));
  }
  for (const text of ["", "a b", "a:0", "a:65536", "a:", "2001:db8::1", "ntp://a", "a/b", "[a]x"]) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseNtpServer(text), undefined));
  }
});

suite("an NTP server", () => {
  for (const offsetMs of [0, 250, -250, 86_400_000, -86_400_000]) {
    test(`that is ${offsetMs} ms ahead`, async (t) => {
      const clock = new TestClock(now);
      const answer = await askTime(await started(t, right(clock, offsetMs)), clock, 2_000);
      assert.ok(Math.abs(answer.offsetMs - offsetMs) < 1, `${answer.offsetMs}`);
      assert.equal(answer.delayMs, 0);
    });
  }

  test("takes its time: half of it is the way there", async (t) => {
    const clock = new TestClock(now);
    const server = await started(t, (question) => {
      clock.pass(40);
      return answerOf(question, clock.wall);
    });
    const { offsetMs, delayMs } = await askTime(server, clock, 2_000);
    assert.ok(Math.abs(offsetMs - 20) < 1 && Math.abs(delayMs - 40) < 1, `${offsetMs} ${delayMs}`);
  });

  test("of the next era is understood", async (t) => {
    const clock = new TestClock(new Date("2036-02-07T06:28:17Z")); // one second after the turn
    const { offsetMs } = await askTime(await started(t, right(clock, -5_000)), clock, 2_000);
    assert.ok(Math.abs(offsetMs + 5_000) < 1, `${offsetMs}`);
  });

  const changed =
    (change: (answer: Buffer) => void): Answer =>
    (question) => {
      const answer = answerOf(question, now.getTime());
      change(answer);
      return answer;
    };
  for (const [what, answer, message] of [
    ["answers too little", (q: Buffer) => answerOf(q, 0).subarray(0, 47), /too short/],
    ["answers another question", changed((a) => void (a[24]! ^= 1)), /another question/],
    ["answers as a client", changed((a) => void (a[0] = 0x23)), /no server's/],
    ["says kiss of death", changed((a) => void (a[1] = 0)), /does not know the time/],
    ["is on stratum 16", changed((a) => void (a[1] = 16)), /does not know the time/],
    ["is not synchronised", changed((a) => void (a[0] = 0xe4)), /does not know the time/],
    ["says no time", changed((a) => void a.fill(0, 32, 48)), /without a time/],
    ["sends before it receives", changed((a) => writeTimestamp(a, 40, 1_000)), /cannot be/],
  ] as const satisfies [string, Answer, RegExp][]) {
    test(`that ${what} is not believed`, async (t) => {
      const clock = new TestClock(now);
      const server = await started(t, answer);
      await assert.rejects(askTime(server, clock, 2_000), { message });
    });
  }

  test("that is silent is not waited for", async (t) => {
    const silent = await started(t, () => undefined);
    await assert.rejects(askTime(silent, new TestClock(now), 30), { message: "no answer in time" });
  });

  test("that is not there is an error", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(resolve));
    await assert.rejects(askTime({ host: "127.0.0.1", port }, new TestClock(now), 100), Error);
    const nowhere = { host: "does-not-exist.invalid", port: 123 };
    await assert.rejects(askTime(nowhere, new TestClock(now), 2_000), Error);
  });
});

suite("comparing the clock", () => {
  interface World {
    readonly clock: TestClock;
    readonly monitor: NtpMonitor;
    readonly guard: ClockGuard;
    readonly seen: string[];
    /** Resolves when the clock was compared once more from now on. */
    compared(): Promise<void>;
  }

  async function world(
    t: TestContext,
    answers: readonly ((clock: TestClock) => Answer)[],
    options: Partial<NtpOptions> = {},
  ): Promise<World> {
    const clock = new TestClock(now);
    const servers = await Promise.all(answers.map((answer) => started(t, answer(clock))));
    const seen: string[] = [];
    let rounds = 0;
    const observer: NtpObserver = {
      asked: (_, failed) => void (seen.push(failed ? "silent" : "answer"), rounds++),
      failed: (reason) => void seen.push(reason),
    };
    const monitor = new NtpMonitor(
      {
        servers,
        quorum: 2,
        offsetMsMax: 1_000,
        intervalMs: 1,
        timeoutMs: 40,
        graceMs: 60_000,
        ...options,
      },
      { clock, logger: pino({ level: "silent" }), observer },
    );
    t.after(() => monitor.close());
    const guard = new ClockGuard({ clock, jumpMsMax: 1_000, ntp: monitor });
    const compared = async (): Promise<void> => {
      // The round that is under way may have begun before; the next is wholly later.
      const until = rounds + 2 * servers.length;
      for (let i = 0; rounds < until && i < 2_000; i++) await setTimeout(1);
      assert.ok(rounds >= until, "it was not compared");
      await setTimeout(1);
    };
    return { clock, monitor, guard, seen, compared };
  }

  const by =
    (offsetMs: number) =>
    (clock: TestClock): Answer =>
      right(clock, offsetMs);
  const silent = () => (): undefined => undefined;
  const problemOf = ({ guard }: World): string => {
    const state = guard.read();
    return state.usable ? "" : state.problem;
  };

  test("is needed before anything is signed", async (t) => {
    const one = await world(t, [by(0), by(0)]);
    assert.match(problemOf(one), /has not been compared with the NTP servers yet/);
    await one.compared();
    assert.equal(problemOf(one), "");
  });

  test("takes a quorum that agrees, whatever the rest says", async (t) => {
    const one = await world(t, [by(600), by(-600), by(86_400_000), silent]);
    await one.compared();
    assert.equal(problemOf(one), "");
  });

  test("finds a clock wrong that a quorum does not agree with", async (t) => {
    const one = await world(t, [by(0), by(5_000), by(-7_000)]);
    await one.compared();
    const expected =
      "1 of 3 NTP servers agree with the clock within 1000 ms, 2 must; " +
      "the farthest is 7000 ms away: set the clock right";
    assert.equal(problemOf(one), expected);
    assert.ok(one.seen.includes("no_consensus"));
  });

  test("holds for the grace while servers are silent, and no longer", async (t) => {
    let isSilent = false;
    const moody = (clock: TestClock): Answer => {
      return (question) => (isSilent ? undefined : answerOf(question, clock.wall));
    };
    const one = await world(t, [moody, moody]);
    await one.compared();
    isSilent = true;
    await one.compared();
    assert.equal(problemOf(one), "");
    one.clock.pass(60_001);
    await one.compared();
    assert.match(problemOf(one), /^0 NTP servers answer, 2 must: see that they are reachable/);
    assert.ok(one.seen.includes("not_enough_servers"));
    isSilent = false;
    await one.compared();
    assert.equal(problemOf(one), "");
  });

  test("lets a clock that was set right go on after a jump, and no other", async (t) => {
    let offsetMs = 0;
    const one = await world(
      t,
      [0, 0].map(() => (clock: TestClock): Answer => {
        return (question) => answerOf(question, clock.wall + offsetMs);
      }),
    );
    await one.compared();
    one.clock.wall += 3_600_000;
    await one.compared();
    assert.equal(problemOf(one), "");
    offsetMs = -3_600_000;
    one.clock.wall += 3_600_000;
    await one.compared();
    assert.match(problemOf(one), /^0 of 2 NTP servers agree/);
  });

  test("stops when it is told to", async (t) => {
    const one = await world(t, [by(0), by(0)], { intervalMs: 3_600_000 });
    await one.monitor.close();
    const { length } = one.seen;
    await setTimeout(10);
    assert.equal(one.seen.length, length);
  });

  test("needs a quorum that can be reached", async (t) => {
    for (const quorum of [0, 3]) {
      await assert.rejects(world(t, [by(0), by(0)], { quorum }), RangeError);
    }
  });
});
