/** Worlds and scenarios of the user's own: what a module exports that `--world` names. */
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { installLeakWatch } from "../explore/determinism/index.js";
import { SimError } from "../errors.js";
import type { Scenario } from "../scenarios/index.js";
import { checkOptions } from "../shared/text.js";
import { resolvePhoenixOptions } from "../world/index.js";
import { type MakeRun, type WorldRunOptions, createWorldRun } from "../explore/index.js";

export interface CustomWorlds extends Required<Pick<WorldRunOptions, "world" | "scenarios">> {
  /** As it was named; undefined without a module. */
  readonly file: string | undefined;
  /** As recorded in cases and tokens: from the current folder, with `/` between folders. */
  readonly recorded: string | undefined;
  readonly makeRun: MakeRun;
  /** Takes the watch off this process. */
  close(): void;
}

/**
 * Loads the module, for explorations under the watch, so that functions of Node which it keeps for itself are watched,
 * too.
 *
 * @param file - As named on the command line; undefined for the worlds of the scenarios.
 * @param instrumented - False where no two runs are compared.
 * @throws SimError `SIM_OPTION_INVALID` when there is no such module, or it exports neither.
 */
export async function loadCustomWorlds(file: string | undefined, instrumented = true): Promise<CustomWorlds> {
  if (file === undefined)
    return { file, recorded: undefined, world: {}, scenarios: [], ...makeRunOf({}), close: () => {} };
  const watch = instrumented ? installLeakWatch() : { uninstall: (): void => {} };
  try {
    const { world = {}, scenarios = [] } = read(file, await load(file));
    const recorded = relative(process.cwd(), resolve(file)).replaceAll("\\", "/");
    return { file, recorded, world, scenarios, ...makeRunOf({ world, scenarios }), close: watch.uninstall };
  } catch (error) {
    watch.uninstall();
    throw error;
  }
}

function makeRunOf(options: Pick<WorldRunOptions, "world" | "scenarios">): Pick<CustomWorlds, "makeRun"> {
  return { makeRun: (onWorld) => createWorldRun({ ...options, onWorld }) };
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  if (!existsSync(path)) throw invalid(`There is no module ${file}.`);
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw invalid(`Cannot load ${file}: ${(error as Error).message}`, error);
  }
}

function read(
  file: string,
  { default: standard, world = standard, scenarios }: Readonly<Record<string, unknown>>,
): Pick<WorldRunOptions, "world" | "scenarios"> {
  if (world === undefined && scenarios === undefined)
    throw invalid(`${file} exports neither world nor scenarios.`);
  if (world !== undefined && (typeof world !== "object" || world === null))
    throw invalid(`${file} exports ${JSON.stringify(world)} as its world.`);
  if (scenarios !== undefined && !Array.isArray(scenarios))
    throw invalid(`${file} exports ${JSON.stringify(scenarios)} as its scenarios.`);
  // Wrong options are one wrong use of the command, not a failure of each scenario.
  if (world !== undefined) resolvePhoenixOptions(world);
  const names = new Set<string>();
  for (const scenario of (scenarios ?? []) as readonly unknown[]) {
    const name = checkScenario(file, scenario);
    if (names.has(name)) throw invalid(`${file} exports two scenarios called "${name}".`);
    names.add(name);
  }
  return { ...(world && { world }), ...(scenarios && { scenarios }) };
}

/** @returns Its name. */
function checkScenario(file: string, value: unknown): string {
  const { name, world, run } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string")
    throw invalid(`${file} exports a scenario whose name is ${JSON.stringify(name) ?? "missing"}.`);
  if (typeof world !== "object" || world === null)
    throw invalid(
      `The scenario "${name}" of ${file} says ${JSON.stringify(world) ?? "nothing"} of its world: give options of ` +
        "createPhoenix, or {} for the defaults.",
    );
  if (typeof run !== "function") throw invalid(`The scenario "${name}" of ${file} has no function \`run\`.`);
  checkOptions(`The scenario "${name}" of ${file}`, value, scenarioMembers);
  resolvePhoenixOptions(world);
  return name;
}

const scenarioMembers: readonly (keyof Scenario)[] = [
  "name",
  "summary",
  "smoke",
  "deadline",
  "faultWindow",
  "world",
  "run",
];

function invalid(problem: string, cause?: unknown): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    problem,
    "Name a JavaScript module, or one of TypeScript where Node reads it, that exports `world`, an object of options of " +
      "createPhoenix, or `scenarios`, a list.",
    cause === undefined ? undefined : { cause },
  );
}
