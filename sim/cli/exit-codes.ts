/** Exit codes of the command line. Public: add, never change. */
export const exitCodes = {
  /** Everything asked for was done and passed. */
  ok: 0,
  /** A scenario failed, or an exploration found something. */
  finding: 1,
  /** The command line or a configuration is wrong. */
  usage: 2,
  /** Two runs of one seed differ. */
  notDeterministic: 3,
  /** A bug of the simulator itself. */
  internal: 4,
  /** A threshold on the run history was exceeded. */
  gate: 5,
  /** A replay did not reach its failure. */
  replayMissed: 6,
  /** Ended by Ctrl-C: 128 and the number of SIGINT. */
  interrupted: 130,
  /** Nobody reads the output any more: 128 and the number of SIGPIPE. */
  pipe: 141,
  /** Asked to end: 128 and the number of SIGTERM. */
  terminated: 143,
} as const;
