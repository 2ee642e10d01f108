/** Which scenarios `run` was asked for. */
import { SimError } from "../errors.js";
import { type Scenario, scenarioNamed, scenarios } from "../scenarios/index.js";
import { didYouMean } from "../text.js";

export interface Choice {
  /** Named on the command line. */
  readonly names: readonly string[];
  readonly grep?: string | undefined;
  readonly smoke?: boolean | undefined;
  /** Scenarios of the user's own; without names they are all that is run, if there are any. */
  readonly own: readonly Scenario[];
}

/** @throws SimError `SIM_OPTION_INVALID`, `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function chooseScenarios({ names, grep, smoke = false, own }: Choice): readonly Scenario[] {
  const everything = own.length > 0 ? own : scenarios;
  const quick = everything.filter((scenario) => scenario.smoke === true);
  if (smoke && names.length > 0) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "Cannot run named scenarios and the quick set at once.",
      `Leave out --smoke, which stands for: ${quick.map(({ name }) => name).join(", ")}.`,
    );
  }
  if (smoke && quick.length === 0) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "None of the scenarios belongs to the quick set.",
      "Leave out --smoke, or give a scenario of the module `smoke: true`.",
    );
  }
  const named = names.length > 0 ? names.map((name) => oneNamed(name, own)) : smoke ? quick : everything;
  if (grep === undefined) return named;
  const expression = compile(grep);
  const matching = named.filter(
    ({ name, summary = "" }) => expression.test(name) || expression.test(summary),
  );
  if (matching.length > 0) return matching;
  throw new SimError(
    "SIM_SCENARIO_UNKNOWN",
    `No scenario matches "${grep}".`,
    `There are: ${named.map(({ name }) => name).join(", ")}.`,
  );
}

function oneNamed(name: string, own: readonly Scenario[]): Scenario {
  const mine = own.find((scenario) => scenario.name === name);
  if (mine !== undefined) return mine;
  if (own.length === 0 || scenarios.some((scenario) => scenario.name === name)) return scenarioNamed(name);
  const names = [...own, ...scenarios].map((scenario) => scenario.name);
  throw new SimError("SIM_SCENARIO_UNKNOWN", `There is no scenario "${name}".`, didYouMean(name, names));
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "i");
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot use "${pattern}" for --grep: ${(error as Error).message}.`,
      "Give a JavaScript regular expression.",
      { cause: error },
    );
  }
}
