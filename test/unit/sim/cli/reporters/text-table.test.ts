import stringWidth from "string-width";
import { expect, test } from "vitest";

import { formatHistoryTable, formatVerdicts } from "../../../../../sim/cli/history.js";
import {
  createRunTable,
  createTextTable,
  shorten,
  wrap,
} from "../../../../../sim/cli/reporters/text-table.js";
import { formatScenarioList } from "../../../../../sim/cli/run.js";
import { trendsOf, type Verdict } from "../../../../../sim/scenarios/history/index.js";
import { scenarios } from "../../../../../sim/scenarios/index.js";
import { completeRun, scenarioResult, steadyRuns } from "../../scenarios/history/records.js";

const widths = [80, 81, 90, 100, 120, 200, Infinity];
const longName = "a-scenario-with-a-name-that-is-far-longer-than-anybody-would-ever-want-to-type";
const wideName = "実験を作成して完了するまで待つシナリオ";

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

const planned = [
  { name: "lifecycle", seed: 1 },
  { name: longName, seed: Number.MAX_SAFE_INTEGER },
  { name: wideName, seed: 22 },
];

test.each(widths)("the table of a run fits %d columns, and names every scenario and its result", (width) => {
  for (const color of [false, true]) {
    const table = createRunTable(planned, { width, color });
    const rows = planned.map(({ name, seed }) =>
      table.row(
        scenarioResult({
          name,
          seed,
          virtualMs: 90_061_500,
          wallMs: 3_725_400,
          events: 123_456_789,
          traceHash: "0123456789abcdef",
        }),
      ),
    );
    const text = [table.head(), ...rows].join("\n");
    expect(widest(text)).toBeLessThanOrEqual(width);
    expect(rows.map((row) => row.includes("ok"))).toEqual([true, true, true]);
    for (const { name } of planned) expect(text).toContain(name.slice(0, 6));
  }
});

test("a table without a limit has every column, and a name whole", () => {
  const table = createRunTable(planned, { width: Infinity, color: false });
  expect(table.head()).toMatch(/^ +scenario +seed +virtual +wall +ratio +events +checks +trace hash$/);
  expect(table.row(scenarioResult({ name: longName }))).toContain(longName);
});

test.each(widths)("the trends, the verdicts and the list of scenarios fit %d columns", (width) => {
  const runs = [longName, wideName, "steady"].flatMap((scenario) => steadyRuns(30, () => ({ scenario })));
  const trends = trendsOf(runs, 20);
  const verdicts: readonly Verdict[] = [
    { gate: "time", subject: longName, outcome: "alert", reason: "much too slow ".repeat(20), values: {} },
  ];
  for (const text of [
    formatHistoryTable(trends, completeRun(1), { width, color: false }),
    formatVerdicts(verdicts, { width, color: false }),
    formatScenarioList(scenarios, {}, { width }),
  ])
    expect(widest(text)).toBeLessThanOrEqual(width);
});

test("columns leave in their order, then those that may be cut are", () => {
  const columns = [
    { title: "name", width: 20, yields: { order: 3, width: 8 } },
    { title: "first", width: 10, yields: { order: 1, width: 0 } },
    { title: "second", width: 10, yields: { order: 2, width: 0 } },
  ];
  const row = ["abcdefghijklmnopqrst", "1", "2"];
  const at = (width: number): string => createTextTable(columns, width, false).row(row);
  expect(at(44)).toBe("abcdefghijklmnopqrst  1           2");
  expect(at(43)).toBe("abcdefghijklmnopqrst  2");
  expect(at(31)).toBe("abcdefghijklmnopqrst");
  expect(at(12)).toBe("abcdefghijk…");
});

test("wide letters count as two columns, and texts wrap between words", () => {
  expect(shorten("実験実験", 5)).toBe("実験…");
  expect(shorten("実験", 4)).toBe("実験");
  expect(wrap("one two three four", 9)).toBe("one two\n  three\n  four");
  expect(wrap("see unbroken-word", 8)).toBe("see\n  unbrok\n  en-wor\n  d");
  expect(wrap("see unbroken-word", Infinity)).toBe("see unbroken-word");
});
