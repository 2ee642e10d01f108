/** What is asked of PostgreSQL for the recordings. */
import * as fc from "fast-check";
import { realPrograms } from "../../support/real-programs.js";
import type { Suite } from "../recordings.js";
import { behaviours } from "./behaviours/index.js";
import { hermitage } from "./hermitage.js";
import { history } from "./histories.js";
import { platform } from "./platform.js";
import type { Script } from "./transcript.js";

export const fixedSuite: Suite<Script> = {
  name: "postgres",
  server: realPrograms.postgres.name,
  generator: "test/parity/postgres: behaviours, hermitage.ts, platform.ts",
  scripts: [...behaviours, ...hermitage, ...platform],
};

const seed = 20;

export const historySuite: Suite<Script> = {
  name: "postgres-histories",
  server: realPrograms.postgres.name,
  generator: "test/parity/postgres/histories.ts",
  seed,
  scripts: fc.sample(history, { numRuns: 500, seed }),
};
