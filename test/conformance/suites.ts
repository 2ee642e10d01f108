/** What is asked of Prometheus for the recording. */
import type { Suite } from "../parity/recordings.js";
import { realPrograms } from "../support/real-programs.js";
import { sampleQueries } from "./differential.js";
import { fixedQueries } from "./fixed-queries.js";
import type { RandomQuery } from "./query-grammar.js";

const seed = 20_231_114;

export const fixedSuite: Suite<RandomQuery> = {
  name: "prometheus",
  server: realPrograms.prometheus.name,
  generator: "test/conformance/fixed-queries.ts",
  scripts: fixedQueries,
};

export const querySuite: Suite<RandomQuery> = {
  name: "prometheus-queries",
  server: realPrograms.prometheus.name,
  generator: "test/conformance/query-grammar.ts",
  seed,
  scripts: sampleQueries(2_500, seed),
};
