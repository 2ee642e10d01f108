import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";

import { type HistoryRecord, appendToHistory } from "../../../../sim/scenarios/history/index.js";
import { completeRun, steadyRuns } from "../scenarios/history/records.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";
import { run } from "./captured-terminal.js";

// These commands read a file; no world is needed for that.
vi.mock("../../../../sim/world/index.js", () => ({}));

function historyFile(...records: readonly HistoryRecord[]): string {
  const file = join(tempFolder(), "history.jsonl");
  appendToHistory(file, records, { nowMs: 0 });
  return file;
}

test("the trends are a table with a row a scenario and a line for the API", async () => {
  const grown = steadyRuns(4, (index) => ({ scenario: "grown", wallMs: 100 * (index + 1) }));
  const broken = steadyRuns(2, () => ({ scenario: "broken", ok: false, error: "SIM_DEADLOCK" }));
  const { code, out, err } = await run("history", "--file", historyFile(...grown, ...broken, completeRun(9)));
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^grown +4 +0 +250ms +400ms +▁▃▆█ +10,000 +▁▁▁▁ +500 +48 MiB +-$/m);
  expect(out).toMatch(/^broken +2 +2 \(100 %\) +- +- /m);
  expect(out).toContain("9 of 10 operations (90 %), 20 of 30 declared answers");
  expect(out).toContain("Not covered: GET /missing-0.");
});

test("--last looks at the latest runs only, and --json prints one document", async () => {
  const file = historyFile(...steadyRuns(9, (index) => ({ ok: index > 2 })), completeRun(10));
  const { out } = await run("history", "--json", "--last", "6", "--file", file);
  expect(JSON.parse(out)).toMatchObject({
    file,
    scenarios: [{ scenario: "steady", runs: 6, failed: 0, wallMsMedian: 100 }],
    latestCompleteRun: { coverage: { covered: 10 } },
    broken: [],
  });
});

test("check ends with 0 when every limit holds", async () => {
  const { code, out } = await run(
    "history",
    "check",
    "--file",
    historyFile(...steadyRuns(60), completeRun(10)),
  );
  expect([code, out]).toEqual([0, "0 alerts, 10 checks passed."]);
});

test("check ends with 5 and names each alert, its values and its limit", async () => {
  const runs = steadyRuns(60, (index) => (index % 6 === 0 ? { ok: false, error: "SIM_ASSERTION" } : {}));
  const { code, out } = await run("history", "check", "--file", historyFile(...runs, completeRun(7)));
  expect(code).toBe(5);
  expect(out).toMatch(/^ALERT failure-rate, steady: 10 of 60 runs failed, 16.7 %/m);
  expect(out).toMatch(/^ALERT coverage, all scenarios: 7 of 10 operations .* limit of 90 %/m);
  expect(out).toContain("2 alerts");
});

test.each([
  ["--failure-rate", "20", 0],
  ["--failure-rate", "0.5", 5],
  ["--coverage", "95", 5],
  ["--heap-mb", "40", 5],
  ["--events", "9999", 5],
  ["--sql", "499", 5],
  ["--last", "3", 0],
])("check %s %s ends with %i", async (flag, value, expected) => {
  const runs = steadyRuns(60, (index) => ({ ok: index >= 2 }));
  const file = historyFile(...runs, completeRun(9));
  expect((await run("history", "check", "--file", file, flag, value)).code).toBe(expected);
});

test("check --time-factor and --counter-factor move their limits, --handles its own", async () => {
  const file = historyFile(...steadyRuns(30, (index) => (index > 26 ? { wallMs: 180, events: 11_500 } : {})));
  expect((await run("history", "check", "--file", file)).code).toBe(0);
  expect((await run("history", "check", "--file", file, "--time-factor", "1.5")).out).toContain("ALERT time");
  const grown = historyFile(
    ...steadyRuns(3, (index) =>
      index === 2 ? { events: 11_500, resources: { sqlStatements: 500, heapBytes: 1, openHandles: 2 } } : {},
    ),
  );
  expect((await run("history", "check", "--file", grown)).code).toBe(5);
  expect((await run("history", "check", "--file", grown, "--handles", "1")).code).toBe(5);
  const allowed = ["history", "check", "--file", grown, "--handles", "2"];
  expect((await run(...allowed)).code).toBe(0);
  expect((await run(...allowed, "--counter-factor", "1.1")).code).toBe(5);
});

test("check says what there are not enough runs for, once for all scenarios", async () => {
  const runs = ["one", "two"].flatMap((scenario) => steadyRuns(3, () => ({ scenario })));
  const { code, out } = await run("history", "check", "--file", historyFile(...runs));
  expect(code).toBe(0);
  expect(out).toContain(
    "failure-rate, not enough runs: No run has failed, but it takes 59 to show a rate of at most 5 %. (one, two, all scenarios)",
  );
  expect(out).toContain(
    "time, not enough runs: It takes 8 runs that passed to compare their wall times. (one, two)",
  );
});

test("check --json holds every verdict with its values", async () => {
  const { code, out } = await run(
    "history",
    "check",
    "--json",
    "--file",
    historyFile(...steadyRuns(2), completeRun(1)),
  );
  const { ok, verdicts } = JSON.parse(out) as { ok: boolean; verdicts: readonly Record<string, unknown>[] };
  expect([code, ok]).toEqual([5, false]);
  expect(verdicts).toContainEqual(
    expect.objectContaining({
      gate: "coverage",
      outcome: "alert",
      values: expect.objectContaining({ covered: 1, limit: 0.9 }) as unknown,
    }),
  );
});

test("broken lines are warnings with their numbers, and the rest is still read", async () => {
  const file = historyFile(...steadyRuns(1));
  appendFileSync(file, "{ half");
  const { code, out, err } = await run("history", "--file", file);
  expect([code, out.includes("steady")]).toEqual([0, true]);
  expect(err).toContain(`Warning: line 2 of ${file} is left out: it is not JSON`);
});

test("an empty history is not enough runs, and a file that was named must exist", async () => {
  const { code, out } = await run("history", "check", "--file", historyFile());
  expect([code, out]).toEqual([0, expect.stringContaining("not enough runs")]);
  const missing = await run("history", "check", "--file", join(tempFolder(), "none.jsonl"));
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("There is no history at")]);
});

test.each([
  ["--failure-rate", "120"],
  ["--time-factor", "0.5"],
  ["--handles", "-1"],
  ["--last", "0"],
])("%s %s is refused as wrong usage", async (flag, value) => {
  expect((await run("history", "check", flag, value)).code).toBe(2);
});
