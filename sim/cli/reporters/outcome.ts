/** The events of a command as suites of tests: what CI systems understand. */
import { type CampaignReport, neverReached } from "../../explore/index.js";
import type { ReportEvent, ReportedCampaign, ReportedFinding } from "./reporter.js";

export interface Outcome {
  /** What was tested, such as `lifecycle, seed 7`. */
  readonly name: string;
  /** The scenario. */
  readonly scenario: string;
  /** Real seconds. */
  readonly seconds: number;
  /** `error` is what makes a result worthless, such as runs that are not deterministic. */
  readonly state: "passed" | "failed" | "error" | "skipped";
  /** Missing when it passed. */
  readonly problem?: Problem;
}

export interface Problem {
  /** Code of the error, or kind and name of the failure: the same for failures of one kind. */
  readonly type: string;
  readonly message: string;
  /** What else a person wants to read, a line each. */
  readonly details: readonly string[];
  /** `file:line`, where it is known. */
  readonly source?: string | undefined;
  /** The command that runs it again. */
  readonly again?: string;
}

export interface Suite {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
}

/** Collects the outcomes. */
export interface Outcomes {
  add(event: ReportEvent): void;
  suites(): readonly Suite[];
}

export function createOutcomes(): Outcomes {
  const suites = new Map<string, Outcome[]>();
  let command = "run";

  function put(suite: string, outcomes: readonly Outcome[]): void {
    suites.set(suite, [...(suites.get(suite) ?? []), ...outcomes]);
  }

  return {
    add(event) {
      if (event.type === "start") ({ command } = event);
      if (event.type === "result") put("phoenix-sim run", [ofResult(event)]);
      if (event.type === "campaign") put(`phoenix-sim explore ${event.scenario}`, ofCampaign(event));
      if (event.type === "end") {
        const why = event.reason === undefined ? "not run" : `not run: ${event.reason}`;
        for (const { name, seed } of event.leftOut) {
          const suite = command === "run" ? "phoenix-sim run" : `phoenix-sim explore ${name}`;
          put(suite, [skipped(name, seed === undefined ? name : `${name}, seed ${seed}`, why)]);
        }
      }
    },
    suites: () => [...suites].map(([name, outcomes]) => ({ name, outcomes })),
  };
}

function skipped(scenario: string, name: string, message: string): Outcome {
  return { name, scenario, seconds: 0, state: "skipped", problem: { type: "skipped", message, details: [] } };
}

function ofResult(result: Extract<ReportEvent, { type: "result" }>): Outcome {
  const { name: scenario, seed, wallMs, error, again } = result;
  const name = `${scenario}, seed ${seed}`;
  const seconds = wallMs / 1000;
  if (error === undefined) return { name, scenario, seconds, state: "passed" };
  const { code: type, message, step, source } = error;
  return {
    name,
    scenario,
    seconds,
    state: "failed",
    problem: { type, message, details: [`At the step "${step}".`], source, again },
  };
}

function ofCampaign(campaign: ReportedCampaign & { readonly wallMs: number }): readonly Outcome[] {
  const { scenario, profile, runs, wallMs, findings, cases, differences } = campaign;
  const failed = (name: string, problem: Problem, state: Outcome["state"] = "failed"): Outcome => ({
    name,
    scenario,
    seconds: 0,
    state,
    problem,
  });
  const outcomes = [
    ...findings.map((finding) => failed(`${finding.identity} under ${profile}`, ofFinding(finding))),
    ...cases
      .filter(({ verdict }) => verdict !== "no failure")
      .map(({ id, verdict }) =>
        failed(`stored failure ${id}`, {
          type: "stored failure",
          message: verdict === "same" ? "It fails as before." : `It fails in another way: ${verdict}.`,
          details: [],
        }),
      ),
    ...differences.map(({ run, ...difference }) =>
      failed(
        `run ${run} is deterministic`,
        {
          type: "SIM_NOT_DETERMINISTIC",
          message: "Two runs of the same seed differ.",
          details: [JSON.stringify(difference)],
        },
        "error",
      ),
    ),
    ...missing(campaign).map((name) =>
      failed(`reaches "${name}"`, {
        type: "SIM_NEVER_REACHED",
        message: `The property "${name}" was never observed in ${runs} runs.`,
        details: [],
      }),
    ),
  ];
  const [first, ...rest] = outcomes;
  const seconds = wallMs / 1000;
  if (first === undefined)
    return [{ name: `no failure under ${profile}`, scenario, seconds, state: "passed" }];
  return [{ ...first, seconds }, ...rest];
}

function ofFinding({ identity, failure, history, story = [], again }: ReportedFinding): Problem {
  const { message, source } = failure;
  return { type: identity, message, details: [history, ...story], source, again };
}

/** @returns Properties that were never observed. Of a part of a campaign nobody can say so: another shard may have reached it. */
export function missing(report: CampaignReport): readonly string[] {
  return report.shards.length < report.shardCount ? [] : neverReached(report);
}
