import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { validateXML } from "xmllint-wasm";

import { githubReporter } from "../../../../../sim/cli/reporters/github.js";
import { junitReporter } from "../../../../../sim/cli/reporters/junit.js";
import type { ReportEvent, Reporter, ReporterOutput } from "../../../../../sim/cli/reporters/reporter.js";
import { jsonReporter, jsonlReporter } from "../../../../../sim/cli/reporters/reporters.js";
import { tempFolder } from "../../scenarios/history/temp-folder.js";
import { exploreEvents, nasty, resultEvent, runEvents } from "./events.js";

function printed(make: (output: ReporterOutput) => Reporter, events: readonly ReportEvent[]): string {
  const lines: string[] = [];
  const output = { out: (text: string) => lines.push(text), err: () => {}, color: false, width: Infinity };
  const reporter = make(output);
  for (const event of events) reporter.report(event);
  return lines.join("\n");
}

const schema = readFileSync(new URL("junit.xsd", import.meta.url), "utf8");

test.each([
  ["run", runEvents, { tests: 5, failures: 3, skipped: 1 }],
  ["explore", exploreEvents, { tests: 3, failures: 3, skipped: 0 }],
  [
    "nothing",
    exploreEvents.slice(0, 1).concat({ type: "end", exitCode: 0, leftOut: [], reason: undefined }),
    undefined,
  ],
] as const)("the JUnit XML of %s is valid, whatever the messages hold", async (_, events, counts) => {
  const xml = printed(junitReporter, events);
  const { valid, errors } = await validateXML({
    xml: [{ fileName: "report.xml", contents: xml }],
    schema: [{ fileName: "junit.xsd", contents: schema }],
  });
  expect([valid, errors]).toEqual([true, []]);
  for (const [name, count] of Object.entries(counts ?? {})) expect(xml).toContain(` ${name}="${count}"`);
});

test("a failure in JUnit XML has its message, its source and the command that runs it again", () => {
  const xml = printed(junitReporter, runEvents);
  expect(xml).toContain(
    "Source: src/a,b:c.ts:12\nAgain: npx phoenix-sim run broken --seed 2 --verbose</failure>",
  );
  expect(xml).toContain("bad \uFFFD\uFFFD\uFFFD\uFFFD \uFFFD &lt;b&gt;&amp;amp;&lt;/b&gt; ]]&gt; red 100%");
  expect(xml).toContain('<skipped message="not run: SIGINT"/>');
});

test("jsonl is one event a line, as it happens", () => {
  const lines = printed(jsonlReporter, exploreEvents).split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    exploreEvents.map((event) => JSON.parse(JSON.stringify(event)) as unknown),
  );
});

test("json is one document at the end, with what was left out and why", () => {
  expect(JSON.parse(printed(jsonReporter, runEvents))).toMatchObject({
    scenarios: [{ name: "fine" }, { name: "broken" }, { name: "broken" }, { name: "other" }],
    leftOut: [{ name: "late", seed: 5 }],
    reason: "SIGINT",
  });
  expect(JSON.parse(printed(jsonReporter, exploreEvents))).toMatchObject([
    { scenario: "two-clients", findings: [{ identity: "invariant/no-write-lost" }] },
    { scenario: "one-crash", findings: [] },
  ]);
});

/** The commands that the runner of GitHub would take from a log, as it reads it. */
function commandsIn(log: string): readonly { readonly name: string; readonly rest: string }[] {
  let stopped: string | undefined;
  return log.split(/\r\n|\n|\r/).flatMap((line) => {
    const [, command = ""] = /^\s*::(.+)$/.exec(line) ?? [];
    if (stopped !== undefined) {
      if (command === `${stopped}::`) stopped = undefined;
      return [];
    }
    const [, name = "", rest = ""] = /^([\w-]+)(.*)$/.exec(command) ?? [];
    if (name === "stop-commands") stopped = rest.slice(2);
    return command === "" ? [] : [{ name, rest }];
  });
}

test("failures of one kind are one annotation, with file and line, and no message becomes a command", () => {
  const log = printed((output) => githubReporter(output, {}), runEvents);
  const errors = commandsIn(log).filter(({ name }) => name === "error");
  expect(errors).toHaveLength(2);
  const [broken = "", other] = errors.map(({ rest }) => rest);
  expect(broken).toMatch(
    /^ title=broken%2C seed 2 and 1 more%3A SIM_ASSERTION,file=src\/a%2Cb%3Ac\.ts,line=12::bad .*100%25.*%0A::error file=a\.ts::injected.*%0AAgain: npx/,
  );
  expect(other).toBe(
    " title=other%2C seed 4%3A SIM_ASSERTION::it is other%0AAgain: npx phoenix-sim run other --seed 4 --verbose",
  );
  const groups = commandsIn(log).filter(({ name }) => name.includes("group"));
  expect(groups.map(({ name }) => name)).toEqual(["group", "endgroup", "group", "endgroup"]);
  expect(log).toContain("Failed so: broken, seed 2; broken, seed 3");
});

test("no more annotations are written than GitHub shows, and the last says how many there are", () => {
  const many = Array.from({ length: 25 }, (_, index) => resultEvent(`s${index}`, 1, "no"));
  const end = runEvents.at(-1) as ReportEvent;
  const log = printed((output) => githubReporter(output, {}), [...many, end]);
  const errors = commandsIn(log).filter(({ name }) => name === "error");
  expect([errors.length, errors.at(-1)?.rest]).toEqual([
    10,
    expect.stringContaining("16 more kinds of failures"),
  ]);
  expect(commandsIn(log).filter(({ name }) => name === "group")).toHaveLength(25);
});

test("the job summary is added to its file, and no message breaks out of its block", () => {
  const file = join(tempFolder(), "summary.md");
  writeFileSync(file, "before\n");
  printed((output) => githubReporter(output, { GITHUB_STEP_SUMMARY: file }), [...runEvents]);
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^before\n### phoenix-sim run: 1 passed, 3 failed, 1 not run\n/);
  expect(text).toContain("| ❌ | broken, seed 2 | ");
  // The message holds three backticks: its block is fenced with four.
  expect(text).toMatch(/````text\nbad [\s\S]*?\n````\n/);
  expect(text).toContain("npx phoenix-sim run broken --seed 2 --verbose");
  printed((output) => githubReporter(output, { GITHUB_STEP_SUMMARY: file }), exploreEvents);
  expect(readFileSync(file, "utf8")).toContain("### phoenix-sim explore two-clients: 0 passed, 3 failed");
});

test("a summary of thousands of failures stays below what GitHub takes", () => {
  const file = join(tempFolder(), "summary.md");
  const many = Array.from({ length: 3_000 }, (_, index) => resultEvent(`s${index}`, 1, nasty.repeat(100)));
  printed(
    (output) => githubReporter(output, { GITHUB_STEP_SUMMARY: file }),
    [...many, runEvents.at(-1) as ReportEvent],
  );
  expect(readFileSync(file).length).toBeLessThan(2 ** 20);
});
