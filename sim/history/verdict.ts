/** What a gate says of a history. */

/** The gates; `failure-rate`, `time` and `resources` are the alerts that every suite must have. */
export type GateName = "failure-rate" | "time" | "counters" | "resources" | "coverage";

export interface Verdict {
  readonly gate: GateName;
  /** The scenario judged, or `all scenarios`. */
  readonly subject: string;
  /**
   * `alert`: the limit was crossed. `note`: something to look at, but no alert. `not-enough-runs`: too early to
   * tell. `ok`: it holds.
   */
  readonly outcome: "alert" | "note" | "not-enough-runs" | "ok";
  /** One sentence with the values found and the limit. */
  readonly reason: string;
  /** The same values, by name. */
  readonly values: Readonly<Record<string, number | string>>;
}

/** The subject of verdicts over the whole suite. */
export const allScenarios = "all scenarios";
