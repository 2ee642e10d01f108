import { execFile } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";

import { appendToHistory, readHistory } from "../../../../../sim/scenarios/history/index.js";
import { completeRun, steadyRuns } from "./records.js";
import { tempFolder } from "./temp-folder.js";

const nowMs = Date.UTC(2026, 0, 1);

test("what is appended is read back, in order, from a folder that did not exist", () => {
  const file = join(tempFolder(), "deep/er/history.jsonl");
  const runs = steadyRuns(3);
  for (const record of runs) appendToHistory(file, [record], { nowMs });
  appendToHistory(file, [completeRun(9)], { nowMs });
  expect(readHistory(file)).toEqual({ scenarios: runs, runs: [completeRun(9)], broken: [] });
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(5);
});

test("a history that does not exist is empty", () => {
  expect(readHistory(join(tempFolder(), "none"))).toEqual({ scenarios: [], runs: [], broken: [] });
});

test("broken lines are reported by number and cost only themselves", () => {
  const file = join(tempFolder(), "history.jsonl");
  const [first, second] = steadyRuns(2);
  const newer = JSON.stringify(first).replace('"format":1', '"format":2');
  writeFileSync(file, `${JSON.stringify(first)}\nnot json\n\n{"kind":"scenario"}\n${newer}\n`);
  appendFileSync(file, '{"kind":"scenario","format":1,"ru');
  appendToHistory(file, second === undefined ? [] : [second], { nowMs });
  const { scenarios, broken } = readHistory(file);
  expect(scenarios).toEqual([first, second]);
  expect(broken.map(({ line }) => line)).toEqual([2, 4, 5, 6]);
  expect(broken.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("not JSON"),
    expect.stringContaining("format"),
    expect.stringContaining("format"),
    expect.stringContaining("half written"),
  ]);
});

test("a file over its limit is set aside, read with the new one, and replaced the next time", () => {
  const file = join(tempFolder(), "history.jsonl");
  const runs = steadyRuns(40);
  const bytesMax = JSON.stringify(runs[0]).length * 10;
  for (const record of runs) appendToHistory(file, [record], { bytesMax, nowMs });
  const { scenarios, broken } = readHistory(file);
  expect(broken).toEqual([]);
  expect(scenarios.length).toBeLessThan(25);
  expect(scenarios).toEqual(runs.slice(-scenarios.length));
  expect(readdirSync(join(file, "..")).sort((a, b) => (a < b ? -1 : 1))).toEqual([
    "history.jsonl",
    "history.jsonl.1",
  ]);
});

test("while another command sets the file aside it is left alone, unless that command died long ago", () => {
  const file = join(tempFolder(), "history.jsonl");
  const lock = `${file}.lock`;
  appendToHistory(file, steadyRuns(2), { nowMs });
  writeFileSync(lock, "");
  utimesSync(lock, nowMs / 1000, nowMs / 1000);
  appendToHistory(file, steadyRuns(1), { bytesMax: 1, nowMs: nowMs + 1_000 });
  expect([existsSync(`${file}.1`), readHistory(file).scenarios.length]).toEqual([false, 3]);
  appendToHistory(file, steadyRuns(1), { bytesMax: 1, nowMs: nowMs + 120_000 });
  expect([existsSync(`${file}.1`), existsSync(lock), readHistory(file).scenarios.length]).toEqual([
    true,
    false,
    4,
  ]);
});

test("several processes that write at once, and set the file aside once, lose and tear no line", async () => {
  const folder = tempFolder();
  const file = join(folder, "history.jsonl");
  const writer = join(folder, "writer.mjs");
  const module = fileURLToPath(
    new URL("../../../../../sim/scenarios/history/history-file.ts", import.meta.url),
  );
  // Of 300 lines, room for 200 and a little: set aside once, never twice.
  const bytesMax = (JSON.stringify(steadyRuns(1)[0]).length + 1) * 200;
  const contents = `
    import { appendToHistory } from ${JSON.stringify(module)};
    const [file, name] = process.argv.slice(2);
    for (let seed = 0; seed < 100; seed++)
      appendToHistory(file, [{ ...${JSON.stringify(steadyRuns(1)[0])}, run: name, seed }], { bytesMax: ${bytesMax}, nowMs: ${nowMs} });`;
  await build({
    stdin: { contents, resolveDir: folder },
    outfile: writer,
    bundle: true,
    platform: "node",
    format: "esm",
    nodePaths: [fileURLToPath(new URL("../../../../../node_modules", import.meta.url))],
    logLevel: "silent",
  });
  const names = ["a", "b", "c"];
  const run = promisify(execFile);
  await Promise.all(names.map(async (name) => run(process.execPath, [writer, file, name])));
  const { scenarios, broken } = readHistory(file);
  expect([broken, existsSync(`${file}.1`)]).toEqual([[], true]);
  for (const name of names) {
    const seeds = scenarios.filter((record) => record.run === name).map(({ seed }) => seed);
    expect(seeds).toEqual(Array.from({ length: 100 }, (_, seed) => seed));
  }
});
