import { expect, test } from "vitest";
import type { LoadProfile } from "../../../../../sim/servers/collector/load-profile.js";
import { createProcessPool } from "../../../../../sim/servers/collector/process-table.js";

const minuteMs = 60_000;
const app = { name: "app", owners: ["app"], cpu: "steady", memory: "steady" } as const;

/** Process ids that a pool shows, minute by minute, for `minutes` minutes. */
function pidsSeen(profile: LoadProfile, processCount: number, minutes: number, seed = 1): string[][] {
  const pool = createProcessPool({ profile, processCount, startMs: 0, seed, pidFirst: 1000 });
  return Array.from({ length: minutes + 1 }, (_, minute) =>
    pool.at(minute * minuteMs).map(({ attributes }) => String(attributes["process.pid"])),
  );
}

test("a small load churns too: what does not make a whole process is owed to the next minute", () => {
  const profile = { patterns: [{ ...app, count: 1 }], churnPerHour: 0.5 };
  for (const seed of [1, 2, 3, 4, 5]) {
    const seen = new Set(pidsSeen(profile, 10, 120, seed).flat());
    // 10 processes, half of them per hour, two hours; the last may still be owed by a rounding error.
    expect(seen.size - 10).toBeGreaterThanOrEqual(9);
    expect(seen.size - 10).toBeLessThanOrEqual(10);
  }
});

test("churn spares critical processes and picks all others alike", () => {
  const profile = {
    patterns: [
      { ...app, count: 1, critical: true },
      { ...app, count: 1 },
    ],
    churnPerHour: 6,
  };
  const minutes = pidsSeen(profile, 20, 600);
  const incarnationsOf = (place: number): number => new Set(minutes.map((pids) => pids[place])).size;
  const incarnations = Array.from({ length: 20 }, (_, place) => incarnationsOf(place));
  expect(incarnations.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 1));
  // 1,200 replacements among 10 places; ids come round after 64 lives.
  expect(Math.min(...incarnations.slice(10))).toBe(64);
});

test("processes with a lifetime end after it and are replaced, whoever looks", () => {
  const profile = { patterns: [{ ...app, count: 1, lifetimeMs: minuteMs }], churnPerHour: 0 };
  const minutes = pidsSeen(profile, 5, 10);
  for (const [index, pids] of minutes.entries()) {
    expect(pids).toHaveLength(5);
    for (const pid of pids) expect(minutes[index + 1] ?? []).not.toContain(pid);
  }
});
