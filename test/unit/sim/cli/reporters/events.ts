/** Events of `run` and `explore` as reporters get them, with messages that try to break out of every format. */
import type { ReportEvent } from "../../../../../sim/cli/reporters/reporter.js";
import { scenarioResult } from "../../scenarios/history/records.js";

/** Control characters, markup, halves of pairs, ends of blocks, and commands to CI systems. */
export const nasty = [
  "bad \u0000\u0007\u000B\uFFFE \uD800 <b>&amp;</b> ]]> \u001B[31mred\u001B[39m 100% | `x` ``` 一二",
  "::error file=a.ts::injected\r",
  "##[error]injected",
  "::endgroup::",
  "</testsuites>",
].join("\n");

type Result = Extract<ReportEvent, { type: "result" }>;

export function resultEvent(name: string, seed: number, message?: string, source?: string): Result {
  const error =
    message === undefined
      ? {}
      : { error: { code: "SIM_ASSERTION", message, step: "look", ...(source ? { source } : {}) } };
  return {
    type: "result",
    again: `npx phoenix-sim run ${name} --seed ${seed} --verbose`,
    ...scenarioResult({ name, seed, ok: message === undefined, ...error }),
  };
}

/** One that passed, three that failed, of which two in the same way, and one that was not run. */
export const runEvents: readonly ReportEvent[] = [
  {
    type: "start",
    command: "run",
    version: "0.1.0",
    planned: ["fine", "broken", "broken", "other", "late"].map((name, index) => ({ name, seed: index + 1 })),
  },
  resultEvent("fine", 1),
  resultEvent("broken", 2, nasty, "src/a,b:c.ts:12"),
  resultEvent("broken", 3, nasty),
  resultEvent("other", 4, "it is other"),
  { type: "end", exitCode: 130, leftOut: [{ name: "late", seed: 5 }], reason: "SIGINT" },
];

const finding = {
  scenario: "two-clients",
  profile: "swarm",
  identity: "invariant/no-write-lost",
  failure: { kind: "invariant", code: "no-write-lost", message: nasty, source: "src/gateway.ts:7" },
  run: 3,
  seed: 9,
  strategy: "pct",
  decisions: [],
  traceHash: "00",
  times: 2,
  again: "npx phoenix-sim replay px1.two-clients~swarm.AAAA",
  history: "Run 3 (pct), 2 of 20 runs.",
  story: ["0.005 s something happened"],
} as const;

const campaign = {
  format: 2,
  version: "0.1.0",
  campaign: "two-clients swarm seed 1 runs 20 portfolio",
  scenario: "two-clients",
  profile: "swarm",
  shardCount: 1,
  shards: [1],
  runs: 20,
  failed: 2,
  steps: 1,
  virtualUs: 1,
  covered: 1,
  cases: [],
  differences: [],
  benign: [],
  strategies: {},
  sometimes: { declared: [], reached: [] },
  faults: { runs: 0, injected: 0 },
  stoppedBy: undefined,
} as const;

/** A campaign with a finding, one with none, and one that was not begun. */
export const exploreEvents: readonly ReportEvent[] = [
  {
    type: "start",
    command: "explore",
    version: "0.1.0",
    scenarios: ["two-clients", "one-crash", "lifecycle"],
    profile: "swarm",
    strategy: "portfolio",
    seed: 1,
    runs: 20,
  },
  { type: "finding", ...finding },
  {
    type: "campaign",
    ...campaign,
    findings: [finding],
    cases: [{ id: "two-clients-x-1", verdict: "same", divergence: undefined }],
    sometimes: { declared: ["a lease was stolen"], reached: [] },
    wallMs: 1_500,
  },
  { type: "campaign", ...campaign, scenario: "one-crash", findings: [], wallMs: 500 },
  { type: "end", exitCode: 1, leftOut: [{ name: "lifecycle" }], reason: "limit" },
];
