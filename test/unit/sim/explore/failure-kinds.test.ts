/** Every way in which a scenario can end badly is a finding with a kind of its own. */
import type { PhoenixOptions, Scenario } from "phoenix-sim";
import { expect, test } from "vitest";

import { runOneWorld } from "../../../../sim/explore/one-world.js";
import { createExecutor, createWorldRun, localPool, runCampaign } from "../../../../sim/explore/index.js";

const campaign = { version: "0.1.0", profile: "calm", seed: 1, runs: 1, strategy: "fifo" };

type Run = Scenario["run"];

async function findingOf(run: Run): Promise<unknown> {
  const scenario: Scenario = { name: "own", summary: "", deadline: "10m", world: { nodes: 1 }, run };
  const world = { limits: { virtualMsMax: 60_000 } };
  const pool = localPool(createExecutor(createWorldRun({ world, scenarios: [scenario], stallMs: 100 })));
  const { findings, differences } = await runCampaign({ ...campaign, scenario: "own", pool });
  expect(differences).toEqual([]);
  return findings.map(({ failure }) => `${failure.kind}/${failure.code}`).join();
}

test.each<readonly [string, Run, string]>([
  ["throws", async () => Promise.reject(new RangeError("out of reach")), "throw/RangeError"],
  ["throws nothing", async () => Promise.reject(undefined), "throw/Error"],
  [
    "expects what is not so",
    async ({ check }) => check.ok(false, "the impossible"),
    "assertion/SIM_ASSERTION",
  ],
  ["awaits a promise that nobody settles", async () => new Promise(() => {}), "hang/SIM_WALL_LIMIT"],
  [
    "waits in virtual time for what never comes",
    async ({ phoenix }) => void (await phoenix.until(() => false, { within: "2d" })),
    "hang/SIM_TIME_LIMIT",
  ],
  [
    "leaves a socket open",
    async ({ phoenix }) => {
      const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
      const socket = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}`);
      await phoenix.until(() => socket.readyState === 1, { within: "1m" });
    },
    "leak/SIM_LEFT_OPEN",
  ],
  [
    "leaves a wait open",
    async ({ phoenix }) => void phoenix.until(() => false, { within: "1d" }).catch(() => {}),
    "leak/SIM_LEFT_OPEN",
  ],
  [
    "does what a world of its own refuses",
    async ({ phoenix }) => void phoenix.service("nobody"),
    "error/SIM_HOST_UNKNOWN",
  ],
  [
    "rejects a promise that nobody awaits, long before it ends",
    async ({ phoenix }) => {
      void Promise.reject(new RangeError("astray"));
      await phoenix.clock.advance("5s");
    },
    "throw/RangeError",
  ],
  [
    "rejects a promise as the last thing it does",
    async () => void Promise.resolve().then(() => Promise.reject(undefined)),
    "throw/Error",
  ],
  [
    "throws in a callback of the process",
    async ({ phoenix }) => {
      process.nextTick(() => {
        throw new SyntaxError("in a callback");
      });
      await phoenix.clock.advance("5s");
    },
    "throw/SyntaxError",
  ],
  [
    "awaits a rejected promise late",
    async ({ phoenix }) => {
      const rejected = Promise.reject(new RangeError("awaited"));
      await phoenix.clock.advance("5s");
      await rejected.catch(() => {});
    },
    "",
  ],
])("a scenario that %s", async (_, run, identity) => {
  expect(await findingOf(run)).toBe(identity);
});

test("a part of the platform that throws before the world stands is a finding", async () => {
  const world: PhoenixOptions = {
    platform: {
      gateway: {
        parts: () => {
          throw new TypeError("not a function");
        },
      },
    },
  };
  const pool = localPool(createExecutor(createWorldRun({ world })));
  const { findings } = await runCampaign({ ...campaign, scenario: "two-clients", pool });
  expect(findings.map((finding) => finding.identity)).toEqual(["throw/TypeError"]);
});

test("a run goes on at once after a throw where nobody awaited it, also while it has the globals", async () => {
  const work = async (): Promise<void> => {
    process.nextTick(() => {
      throw new RangeError("out of reach");
    });
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
  };
  // Whoever looks for a run that stands still would wake it, but only in a day.
  const { outcome } = await runOneWorld({ nodes: 1, globals: true, invariants: false }, work, 86_400_000);
  expect(outcome.failure).toMatchObject({ kind: "throw", code: "RangeError" });
});
