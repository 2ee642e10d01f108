/**
 * What `run` and `explore` tell their reporters, as it happens. Plain data: the reporter `jsonl` prints each event as one
 * line of JSON, and so their form is public.
 */
import type { CampaignReport, Finding, Progress } from "../../explore/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import type { InterruptSignal } from "../terminal.js";

/** A scenario, and the seed that it is run with. */
export interface PlannedRun {
  readonly name: string;
  readonly seed: number;
}

/** A finding, once it is minimized, stored and described. */
export interface ReportedFinding extends Finding {
  /** Name of its case; missing for a run that never ends. */
  readonly id?: string;
  /** Where the case is stored; missing when it could not be. */
  readonly file?: string | undefined;
  readonly story?: readonly string[];
  /** Brings it back. */
  readonly token?: string;
  /** Runs that minimizing took. */
  readonly shrinkRuns?: number;
  /** The command that runs it again. */
  readonly again: string;
  /** How it was found and minimized, in words. */
  readonly history: string;
}

/** The report of a campaign, with its findings as they were reported. */
export interface ReportedCampaign extends CampaignReport {
  readonly findings: readonly ReportedFinding[];
}

export type ReportEvent =
  | {
      readonly type: "start";
      readonly command: "run";
      readonly version: string;
      readonly planned: readonly PlannedRun[];
    }
  | {
      readonly type: "start";
      readonly command: "explore";
      readonly version: string;
      readonly scenarios: readonly string[];
      readonly profile: string;
      readonly strategy: string;
      readonly seed: number;
      /** Runs of each scenario. */
      readonly runs: number;
    }
  /** A scenario of `run` has ended; `again` is the command that runs it again. */
  | ({ readonly type: "result"; readonly again: string } & ScenarioResult)
  /** How far the exploration of a scenario is. */
  | ({ readonly type: "progress"; readonly scenario: string } & Progress)
  /** A failure of a new kind was found, and stored as it is; minimizing follows when the scenario is done. */
  | {
      readonly type: "found";
      readonly scenario: string;
      readonly identity: string;
      readonly run: number;
      readonly id: string;
      readonly file: string | undefined;
    }
  /** A finding was minimized. */
  | ({ readonly type: "finding" } & ReportedFinding)
  /** The exploration of a scenario is done; `wallMs` is the real time it took. */
  | ({ readonly type: "campaign"; readonly wallMs: number } & ReportedCampaign)
  | {
      readonly type: "end";
      readonly exitCode: number;
      /** What was not run, and why: `budget`, `limit` of findings or failures, or the signal that ended the command. */
      readonly leftOut: readonly { readonly name: string; readonly seed?: number }[];
      readonly reason: "budget" | "limit" | InterruptSignal | undefined;
    };

/** Turns events into output. */
export interface Reporter {
  report(event: ReportEvent): void;
}
