import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import * as prometheus from "../conformance/suites.js";
import * as postgres from "./postgres/suites.js";
import { readRecording, type Suite } from "./recordings.js";
import * as redis from "./redis/suites.js";

const suites: readonly Suite<unknown>[] = [
  postgres.fixedSuite,
  postgres.historySuite,
  redis.fixedSuite,
  redis.historySuite,
  redis.wireSuite,
  prometheus.fixedSuite,
  prometheus.querySuite,
];

test.each(suites)("the recording of $name fits its scripts, with one answer for each", (suite) => {
  expect(readRecording(suite)).toHaveLength(suite.scripts.length);
});

test("nothing is recorded that no suite asks", () => {
  const files = ["manifest.json", ...suites.map(({ name }) => `${name}.json.br`)];
  expect(readdirSync("test/parity/recordings").sort()).toEqual(files.sort());
});

test("a script that is added, left out or changed must be recorded anew, and the error says how", () => {
  const { historySuite: suite } = redis;
  const [first, ...others] = suite.scripts;
  const again =
    'Run "npm run parity -- --record=redis-histories" where Redis 7.0 is installed, and commit test/parity/recordings.';
  for (const scripts of [others, [...suite.scripts, []], [...others, first]]) {
    expect(() => readRecording({ ...suite, scripts })).toThrow(
      `The recording "redis-histories" no longer fits its scripts (test/parity/redis/random-commands.ts): 1000 were recorded, and what is asked now (${scripts.length}) is not the same. ${again}`,
    );
  }
  expect(() => readRecording({ ...suite, name: "other" })).toThrow('There is no recording "other". Run');
});
