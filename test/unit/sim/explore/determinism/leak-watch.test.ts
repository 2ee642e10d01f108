import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import os from "node:os";
import perfHooks from "node:perf_hooks";
import { promisify } from "node:util";
import v8 from "node:v8";
import zlib from "node:zlib";
import { expect, test } from "vitest";

import { installLeakWatch, instrumentedFunctions } from "../../../../../sim/explore/determinism/index.js";

test("everything that is watched stands in the documentation", () => {
  const page = readFileSync(new URL("../../../../../docs/determinism.md", import.meta.url), "utf8");
  const missing = instrumentedFunctions()
    .map(({ name }) => name)
    .filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name.replace(/[^.]+$/, "*")}\``));
  expect(missing).toEqual([]);
});

test("uninstalling puts every function back as it was", () => {
  const read = (): readonly unknown[] => [
    ...instrumentedFunctions().map(({ target, key }) => Object.getOwnPropertyDescriptor(target, key)),
    Object.getOwnPropertyDescriptor(globalThis, "Date"),
    Object.getOwnPropertyDescriptors(Date),
    Object.getOwnPropertyDescriptor(Date.prototype, "constructor"),
    Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format"),
  ];
  const before = read();
  const [first, second] = [installLeakWatch(), installLeakWatch()];
  expect(Date.now).not.toBe((before[0] as PropertyDescriptor | undefined)?.value);
  first.uninstall();
  expect(read()).not.toEqual(before);
  second.uninstall();
  expect(read()).toEqual(before);
});

test("under the watch everything behaves as before", async () => {
  const { name } = setTimeout;
  const watch = installLeakWatch();
  try {
    const date = new Date();
    expect([date instanceof Date, date.constructor, Object.prototype.toString.call(date)]).toEqual([
      true,
      Date,
      "[object Date]",
    ]);
    class Later extends Date {}
    expect(new Later(5)).toBeInstanceOf(Later);
    expect([new Date(5).getTime(), Date.UTC(1970, 0), Date.length, typeof Date()]).toEqual([
      5,
      0,
      7,
      "string",
    ]);
    expect(new WeakRef(date).deref()).toBe(date);
    expect(randomUUID()).toMatch(/^[0-9a-f-]{36}$/);
    expect([setTimeout.name, process.memoryUsage.rss() > 0]).toEqual([name, true]);
    expect(await promisify(setTimeout)(1, "value")).toBe("value");
  } finally {
    watch.uninstall();
  }
});

test("a recording notes each API and place once, with the step, and only while it is on", () => {
  const watch = installLeakWatch();
  try {
    Math.random();
    const recording = watch.begin();
    recording.step(7);
    for (let i = 0; i < 3; i++) Math.random();
    const uses = recording.end();
    Math.random();
    expect(uses).toEqual([
      {
        api: "Math.random",
        site: expect.stringMatching(/^test\/unit\/sim\/explore\/determinism\/leak-watch\.test\.ts:\d+$/),
        step: 7,
      },
    ]);
    expect(recording.end()).toHaveLength(1);
  } finally {
    watch.uninstall();
  }
});

test("elsewhere it is another day on another machine, and here it is not", () => {
  const watch = installLeakWatch();
  try {
    const here = Date.now();
    const recording = watch.begin({ elsewhere: true });
    const there = Date.now();
    recording.end();
    expect(Math.round((there - here) / 86_400_000)).toBe(400);
    expect(Math.round((Date.now() - here) / 86_400_000)).toBe(0);
  } finally {
    watch.uninstall();
  }
});

const getTimeStamp = (): unknown => new Event("x").timeStamp;
const blob = new Blob(["x"]);

test.each([
  ["performance.timeOrigin", () => performance.timeOrigin],
  ["Event.timeStamp", getTimeStamp],
  ["process.getActiveResourcesInfo", () => process.getActiveResourcesInfo()],
  ["v8.getHeapStatistics", () => v8.getHeapStatistics()],
  ["perf_hooks.monitorEventLoopDelay", () => perfHooks.monitorEventLoopDelay()],
  ["zlib.createGzip", () => zlib.createGzip()],
  ["Blob.text", async () => blob.text()],
  ["WebAssembly.compile", async () => WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))],
])("a use of %s is noted", async (api, use) => {
  const watch = installLeakWatch();
  try {
    const recording = watch.begin();
    await use();
    expect(recording.end().map((each) => each.api)).toContain(api);
  } finally {
    watch.uninstall();
  }
});

test.each([
  ["performance.timeOrigin", () => performance.timeOrigin],
  ["process.getActiveResourcesInfo", () => process.getActiveResourcesInfo().length],
  ["os.totalmem", () => os.totalmem()],
])("elsewhere %s is larger, though it is the same at each look here", (_api, look) => {
  const watch = installLeakWatch();
  try {
    const here = look();
    expect(look()).toBe(here);
    const recording = watch.begin({ elsewhere: true });
    const there = look();
    recording.end();
    expect(there).toBeGreaterThan(here);
  } finally {
    watch.uninstall();
  }
});

test("elsewhere seconds pass between two looks at a clock, and timers fire at once, unless they guard", async () => {
  const watch = installLeakWatch();
  try {
    const recording = watch.begin({ elsewhere: true });
    const looks = [Date.now, () => performance.now(), () => process.uptime() * 1000];
    for (const look of looks) {
      const before = look();
      expect(look() - before).toBeGreaterThan(9_000);
    }
    const [seconds] = process.hrtime();
    expect(process.hrtime()[0] - seconds).toBeGreaterThan(9);
    const bigint = process.hrtime.bigint();
    expect(process.hrtime.bigint() - bigint).toBeGreaterThan(9_000_000_000n);
    let guarded = false;
    const guard = setTimeout(() => (guarded = true), 5_000);
    await new Promise((resolve) => {
      setTimeout(resolve, 4_999);
    });
    expect(guarded).toBe(false);
    clearTimeout(guard);
    recording.end();
  } finally {
    watch.uninstall();
  }
}, 4_000);
