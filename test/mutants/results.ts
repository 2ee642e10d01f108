/** Analyses and configurations that are not whole. */
import { judge } from "../../src/analysis/index.js";
import { createGeneratorClient } from "../../src/shared/index.js";
import { type Mutant, rewrite, skip } from "./mutant.js";
import { controllerSql, gatewaySql } from "./twists.js";

type Results = ReturnType<typeof judge>["results"];

function judged(change: (results: Results) => Partial<Results>): Mutant["platform"] {
  return {
    controller: {
      parts: {
        judge: (measurement, criteria) => {
          const verdict = judge(measurement, criteria);
          return { ...verdict, results: { ...verdict.results, ...change(verdict.results) } };
        },
      },
    },
  };
}

export const resultMutants: readonly Mutant[] = [
  {
    name: "division-by-zero",
    shows: "always",
    wrong: "a reduction without a baseline is no number",
    caughtBy: ["invariant/results"],
    platform: judged(() => ({ cardinality_reduction: Number.NaN })),
  },
  {
    name: "no-recommendation",
    shows: "always",
    wrong: "the recommendation may be empty",
    caughtBy: ["invariant/results"],
    platform: judged(() => ({ recommendation: "" as Results["recommendation"] })),
  },
  {
    name: "results-are-not-stored",
    wrong: "results are computed and thrown away",
    caughtBy: ["invariant/results"],
    platform: controllerSql(() => skip("insert-results")),
  },
  {
    name: "half-a-configuration",
    shows: "always",
    wrong: "a configuration without a candidate is stored",
    caughtBy: ["invariant/config-versions"],
    platform: {
      controller: {
        parts: ({ http }) => {
          const inner = createGeneratorClient(http, {
            generatorUrl: "http://generator:8082",
            requestTimeoutMs: 5_000,
          });
          return {
            generator: {
              generate: async (...args) => ({ ...(await inner.generate(...args)), candidate_config: "" }),
            },
          };
        },
      },
    },
  },
  {
    name: "configuration-is-not-stored",
    shows: "always",
    wrong: "the version is raised and the configuration is missing",
    caughtBy: ["invariant/config-versions", "invariant/acknowledged-writes"],
    platform: gatewaySql(() => skip("insert-generated-config")),
  },
  {
    name: "first-configuration-is-not-stored",
    shows: "always",
    wrong: "an experiment is initializing without configurations",
    caughtBy: ["invariant/config-versions"],
    platform: controllerSql(() => skip("insert-generated-config")),
  },
  {
    name: "versions-with-gaps",
    shows: "always",
    wrong: "a change of the configuration skips a version",
    caughtBy: ["invariant/config-versions"],
    platform: gatewaySql(() =>
      rewrite("update-experiment-config-version", (text) =>
        text.replace("config_version + 1", "config_version + 2"),
      ),
    ),
  },
  {
    name: "applied-before-it-exists",
    shows: "always",
    wrong: "a version is recorded as applied that was never generated",
    caughtBy: ["invariant/config-versions"],
    platform: controllerSql(() =>
      rewrite("note-applied-version", (text) =>
        text.replace("applied_version = $3", "applied_version = $3 + 1"),
      ),
    ),
  },
];
