/** Exit codes of the command line. Public: add, never change. */
export const exitCodes = {
  /** Everything asked for was done and held. */
  ok: 0,
  /** A scenario failed, or an exploration found something. */
  finding: 1,
  /** The command line or a configuration is wrong. */
  usage: 2,
  /** Two runs of one seed differ. */
  notDeterministic: 3,
  /** A bug of the simulator itself. */
  internal: 4,
  /** A limit over the history of runs was crossed. */
  gate: 5,
  /** A replay did not reach its failure. */
  replayMissed: 6,
} as const;
