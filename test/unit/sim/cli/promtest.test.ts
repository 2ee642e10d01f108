import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { run } from "./captured-terminal.js";

const folder = mkdtempSync(join(tmpdir(), "promtest-"));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, "rules.yml"),
  `groups:
  - name: g
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
`,
);

function testFile(name: string, value: number): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `rule_files: [rules.yml]
tests:
  - interval: 1m
    input_series:
      - series: 'up{job="api",instance="a"}'
        values: "1 1 1"
    promql_expr_test:
      - expr: job:up:sum
        eval_time: 2m
        exp_samples:
          - labels: 'job:up:sum{job="api"}'
            value: ${value}
`,
  );
  return path;
}

test("a rule test that holds ends with 0", async () => {
  const { code, out } = await run("promtest", testFile("good.yml", 1));
  expect([code, out]).toEqual([0, expect.stringContaining("SUCCESS")]);
});

test("a rule test that fails ends with 1 and shows what was expected and what came", async () => {
  const { code, err } = await run("promtest", testFile("bad.yml", 2));
  expect(code).toBe(1);
  expect(err).toContain("FAILED");
  expect(err).toContain("job:up:sum");
});

test("a file that is not there fails alone", async () => {
  const { code, out, err } = await run("promtest", join(folder, "missing.yml"), testFile("good.yml", 1));
  expect([code, out, err]).toEqual([
    1,
    expect.stringContaining("SUCCESS"),
    expect.stringContaining("ENOENT"),
  ]);
});

test("a file that is not YAML fails alone, with file, line and column, and without a stack trace", async () => {
  const path = join(folder, "broken.yml");
  writeFileSync(path, "a: [1\nb: }");
  const { code, out, err } = await run("promtest", path, testFile("good.yml", 1));
  expect([code, out]).toEqual([1, expect.stringContaining("SUCCESS")]);
  expect(err).toMatch(/broken\.yml:\d+:\d+: yaml: line \d/);
  expect(err).not.toContain("    at ");
});

test("--run chooses tests by name, and --junit writes what came of them", async () => {
  const path = join(folder, "named.yml");
  const named = (name: string, value: number) =>
    `- {name: ${name}, promql_expr_test: [{expr: vector(1), exp_samples: [{value: ${value}}]}]}\n`;
  writeFileSync(path, `tests:\n${named("right", 1)}${named("wrong", 2)}`);
  const junit = join(folder, "results.xml");
  expect((await run("promtest", "--run", "^right$", "--junit", junit, path)).code).toBe(0);
  expect(readFileSync(junit, "utf8")).toBe(
    `<testsuites><testsuite name="${path}" tests="1" failures="0" errors="0" skipped="0"><testcase name="right"></testcase></testsuite></testsuites>`,
  );
  expect((await run("promtest", "--run", "right", "--run", "wrong", path)).code).toBe(1);
  expect(await run("promtest", "--run", "(", path)).toMatchObject({ code: 2 });
});

test("rule_files takes patterns; one that matches nothing is a warning", async () => {
  writeFileSync(
    join(folder, "more.rules.yml"),
    "groups: [{name: g, rules: [{record: more, expr: vector(2)}]}]",
  );
  const path = join(folder, "patterns.yml");
  writeFileSync(
    path,
    "rule_files: ['m?re.[a-z]*.yml', 'none*.yml']\ntests: [{promql_expr_test: [{expr: more, exp_samples: [{labels: more, value: 2}]}]}]",
  );
  const { code, err } = await run("promtest", path);
  expect([code, err]).toEqual([0, expect.stringContaining("WARNING: no file match pattern none*.yml")]);
});
