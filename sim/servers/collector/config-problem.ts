/** Why a configuration is refused. */

/** A configuration that a collector refuses, or that uses what is not simulated. */
export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}
