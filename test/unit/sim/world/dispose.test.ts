/** What a test left open is named with the line that opened it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Phoenix, createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

import { createLoop, createOrigins } from "../../../../sim/kernel/index.js";
import {
  createChoiceLog,
  createVirtualClock,
  defaultDriver,
  resolveLimits,
} from "../../../../sim/kernel/index.js";

const lines = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");

/** Each opens one thing on the line that carries its name as a comment. */
const openers: Readonly<Record<string, (phoenix: Phoenix) => unknown>> = {
  "a fetch": (phoenix) => {
    phoenix.fetch(`${phoenix.url}/health`).catch(() => {}); // a fetch
  },
  "a fetch after an await": async (phoenix) => {
    await phoenix.clock.advance(1);
    phoenix.fetch(`${phoenix.url}/health`).catch(() => {}); // a fetch after an await
  },
  "the process's own fetch": () => {
    fetch("http://gateway:8080/health").catch(() => {}); // the process's own fetch
  },
  "a call of the client": (phoenix) => {
    phoenix.client.listExperiments().catch(() => {}); // a call of the client
  },
  "a condition": (phoenix) => {
    phoenix.until(() => false).catch(() => {}); // a condition
  },
  "a state": (phoenix) => {
    phoenix.waitForState("nobody", "running", { within: "1m" }).catch(() => {}); // a state
  },
  "a stretch of time": (phoenix) => {
    phoenix.clock.advance("1s").catch(() => {}); // a stretch of time
  },
  "a socket": (phoenix) => {
    const socket = new phoenix.WebSocket(phoenix.socketUrl); // a socket
    return phoenix.until(() => socket.readyState === socket.OPEN);
  },
  "a timer": () => {
    setTimeout(() => {}, 60_000); // a timer
  },
  "an interval": () => {
    setInterval(() => {}, 60_000); // an interval
  },
  "a transaction": async (phoenix) => {
    await phoenix.postgres.query("BEGIN"); // a transaction
    await phoenix.postgres.query("SELECT 1");
  },
};

test.each(Object.keys(openers))("the error names the line that opened %s", async (name) => {
  const phoenix = await createPhoenix({ globals: true });
  await openers[name]?.(phoenix);
  const line = lines.findIndex((text) => text.endsWith(`// ${name}`)) + 1;
  await expect(phoenix.dispose()).rejects.toMatchObject({
    code: "SIM_LEFT_OPEN",
    message: expect.stringContaining(`(opened at test/unit/sim/world/dispose.test.ts:${line})`) as string,
  });
});

test("a recorded run does not pay for places, unless it keeps its trace", async () => {
  for (const [options, place] of [
    [{ record: true }, false],
    [{ record: true, trace: true }, true],
  ] as const) {
    const phoenix = await createPhoenix(options);
    phoenix.until(() => false).catch(() => {});
    const error = await phoenix.dispose().catch((thrown: unknown) => thrown as Error);
    expect(error?.message.includes("opened at")).toBe(place);
  }
});

test("only the first of very many waits carry where they began", () => {
  const choices = createChoiceLog(defaultDriver(1));
  const clock = createVirtualClock();
  const loop = createLoop({ clock, choices, limits: resolveLimits(), origins: createOrigins(2) });
  for (const what of ["one", "two", "three"]) loop.hold({ describe: () => what, fail: () => {} });
  expect(loop.waits().map(({ origin }) => origin !== undefined)).toEqual([true, true, false]);
  loop.close();
});
