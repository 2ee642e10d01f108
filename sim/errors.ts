/** The one error class of the simulator, and the table of its codes. Codes are public: add, never rename. */

/** The comment says whose fault it is. */
export type SimErrorCode =
  | "SIM_OPTION_INVALID" // caller: an option is unknown, of the wrong type or out of range
  | "SIM_TIME_REWIND" // caller: asked for a moment already past
  | "SIM_WORLD_CLOSED" // caller: used a world after it was disposed
  | "SIM_GLOBALS_BUSY" // caller: two worlds want the globals of one process
  | "SIM_TIMERS_TAKEN" // caller: fake timers of the test's own and a world's want the timers of one process
  | "SIM_NO_WORLD" // caller: a test that has no world tried to reach the real network
  | "SIM_MOCK_MISSING" // caller: asked for a snapshot in a mock that was not imported
  | "SIM_MOCK_VALUE" // caller: a mock holds, or was to hold, what it cannot
  | "SIM_LEFT_OPEN" // caller: the test ended with timers, sockets, transactions or waits open
  | "SIM_PROMQL_INVALID" // caller: a query is not PromQL; carried by PromqlParseError
  | "SIM_UNSUPPORTED" // caller: asked a simulated part for a feature it does not have
  | "SIM_SCENARIO_UNKNOWN" // caller: named a scenario that does not exist
  | "SIM_STRATEGY_UNKNOWN" // caller: named a search strategy that does not exist
  | "SIM_FAULT_UNKNOWN" // caller: named a fault that does not exist
  | "SIM_PROFILE_UNKNOWN" // caller: named a profile of faults that does not exist
  | "SIM_TOKEN_INVALID" // caller: a replay token is damaged, or is none
  | "SIM_TOKEN_VERSION" // caller: a replay token was made by another version
  | "SIM_CASE_INVALID" // caller: a case file cannot be read as one
  | "SIM_SHARD_INVALID" // caller: a shard is written wrongly, or reports of shards do not fit together
  | "SIM_HOST_UNKNOWN" // caller: named a host that is not part of the world
  | "SIM_ROUTE_UNKNOWN" // caller: fetched a URL that no simulated host serves
  | "SIM_HOST_STATE" // caller: asked a host for a step its state does not allow
  | "SIM_DEADLOCK" // code under test: everybody waits and nothing can wake them
  | "SIM_WAIT_TIMEOUT" // code under test: the awaited state did not come in virtual time
  | "SIM_STEP_LIMIT" // code under test: it never settles
  | "SIM_TIME_LIMIT" // code under test: the run went past the virtual time it was given
  | "SIM_WALL_LIMIT" // code under test: the run went past the real time it was given
  | "SIM_INVARIANT" // code under test: something that must always hold did not
  | "SIM_NOT_CONVERGED" // code under test: after all faults had ended, something never came
  | "SIM_NOT_DETERMINISTIC" // code under test: two runs of one seed differ
  | "SIM_NEVER_REACHED" // code under test: a property that should be observed in some run was observed in none
  | "SIM_REGRESSION" // code under test: a case that was kept as a regression fails
  | "SIM_ASSERTION"; // code under test: an expectation of a scenario did not hold

/** Every failure that the simulator itself reports. */
export class SimError extends Error {
  override readonly name = "SimError";
  /** Stable, public name of the failure. */
  readonly code: SimErrorCode;
  /** What the reader can do about it. */
  readonly hint: string;

  /**
   * @param code - One of {@link SimErrorCode}.
   * @param problem - What could not be done, with the values found.
   * @param hint - What to do next.
   */
  constructor(code: SimErrorCode, problem: string, hint: string, options?: ErrorOptions) {
    super(`${problem} [${code}]\nHint: ${hint}`, options);
    this.code = code;
    this.hint = hint;
  }
}
