import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  const { code, out } = await run("promtest", testFile("bad.yml", 2));
  expect(code).toBe(1);
  expect(out).toContain("FAILED");
  expect(out).toContain("job:up:sum");
});

test("a file that is not there is an error of usage", async () => {
  const { code, err } = await run("promtest", join(folder, "missing.yml"));
  expect([code, err]).toEqual([2, expect.stringContaining("ENOENT")]);
});

test("a file that is not YAML is an error of usage, without a stack trace", async () => {
  const path = join(folder, "broken.yml");
  writeFileSync(path, "a: [1\nb: }");
  const { code, err } = await run("promtest", path);
  expect([code, err]).toEqual([2, expect.stringContaining("it is not YAML")]);
  expect(err).not.toContain("    at ");
});
