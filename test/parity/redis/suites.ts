/** What is asked of Redis for the recordings. */
import { sample } from "fast-check";
import { realPrograms } from "../../support/real-programs.js";
import type { Suite } from "../recordings.js";
import { behaviours } from "./behaviours/index.js";
import { history, type RandomStep } from "./random-commands.js";
import type { Behaviour } from "./script.js";
import { wireScripts, type WireScript } from "./wire/scripts.js";

const server = realPrograms.redis.name;

export const fixedSuite: Suite<Behaviour> = {
  name: "redis",
  server,
  generator: "test/parity/redis/behaviours",
  scripts: behaviours,
};

const seed = 1;

export const historySuite: Suite<readonly RandomStep[]> = {
  name: "redis-histories",
  server,
  generator: "test/parity/redis/random-commands.ts",
  seed,
  scripts: sample(history, { numRuns: 1_000, seed }),
};

/** Raw conversations, in both versions of the protocol. */
export const wireSuite: Suite<{ readonly script: WireScript; readonly protocol: 2 | 3 }> = {
  name: "redis-wire",
  server,
  generator: "test/parity/redis/wire/scripts.ts",
  scripts: wireScripts.flatMap((script) => ([2, 3] as const).map((protocol) => ({ script, protocol }))),
};
