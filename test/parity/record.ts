/** Asks the real servers what is recorded, and stores their answers. */
import { recordAnswers } from "../conformance/differential.js";
import * as prometheusSuites from "../conformance/suites.js";
import { missingProgram, type RealProgram, realPrograms } from "../support/real-programs.js";
import * as postgres from "./postgres/arms.js";
import { playBoth } from "./postgres/compare.js";
import * as postgresSuites from "./postgres/suites.js";
import type { Script } from "./postgres/transcript.js";
import { type Suite, writeRecording } from "./recordings.js";
import * as redis from "./redis/arms.js";
import { playHistory } from "./redis/histories.js";
import * as redisSuites from "./redis/suites.js";
import { play } from "./redis/transcript.js";
import { startRealWireArm } from "./redis/wire/arms.js";
import { playWire } from "./redis/wire/play.js";

interface Recorded {
  readonly version: string;
  readonly answers: readonly unknown[];
}

interface Recorder {
  readonly suite: Suite<unknown>;
  readonly program: RealProgram;
  record(): Promise<Recorded>;
}

/** Where the real server answers now so, now so, the answer that the simulation gives is kept, if it is one of them. */
async function recordPostgres({ scripts }: Suite<Script>): Promise<Recorded> {
  // The client reads timestamps without a zone in the zone of its process.
  process.env["TZ"] = "UTC";
  const real = await postgres.startRealArm();
  const simulated = postgres.createSimulatedArm();
  try {
    const answers: unknown[] = [];
    for (const script of scripts) answers.push((await playBoth(simulated, real, script)).other);
    return { version: real.version, answers };
  } finally {
    real.stop();
    simulated.stop();
  }
}

async function recordRedis<S>(
  { scripts }: Suite<S>,
  ask: (real: redis.Arm, script: S) => Promise<unknown>,
): Promise<Recorded> {
  const real = await redis.startRealArm();
  try {
    const answers: unknown[] = [];
    for (const script of scripts) answers.push(await ask(real, script));
    return { version: real.version, answers };
  } finally {
    real.stop();
  }
}

async function recordWire(): Promise<Recorded> {
  const real = await startRealWireArm();
  try {
    const answers: unknown[] = [];
    for (const { script, protocol } of redisSuites.wireSuite.scripts) {
      answers.push(await playWire(real, script, protocol));
    }
    return { version: real.version, answers };
  } finally {
    real.stop();
  }
}

const recorders: readonly Recorder[] = [
  ...[postgresSuites.fixedSuite, postgresSuites.historySuite].map((suite) => ({
    suite,
    program: realPrograms.postgres,
    record: async () => recordPostgres(suite),
  })),
  {
    suite: redisSuites.fixedSuite,
    program: realPrograms.redis,
    record: async () => recordRedis(redisSuites.fixedSuite, async (real, { lines }) => play(real, lines)),
  },
  {
    suite: redisSuites.historySuite,
    program: realPrograms.redis,
    record: async () => recordRedis(redisSuites.historySuite, playHistory),
  },
  { suite: redisSuites.wireSuite, program: realPrograms.redis, record: recordWire },
  ...[prometheusSuites.fixedSuite, prometheusSuites.querySuite].map((suite) => ({
    suite,
    program: realPrograms.prometheus,
    record: async () => recordAnswers(suite.scripts),
  })),
];

/**
 * Records the suites named, or all when none is.
 *
 * @throws Error when a name is not that of a suite, or a server is not installed; then nothing is written.
 */
export async function recordSuites(names: readonly string[], say: (line: string) => void): Promise<void> {
  const known = recorders.map(({ suite }) => suite.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`There is no recording "${unknown}". There are: ${known.join(", ")}.`);
  }
  const wanted = recorders.filter(({ suite }) => names.length === 0 || names.includes(suite.name));
  const missing = missingProgram(wanted.map(({ program }) => program));
  if (missing !== undefined) throw new Error(`Cannot record: ${missing}.`);
  for (const { suite, record } of wanted) {
    const { version, answers } = await record();
    const bytes = writeRecording(suite, version, answers);
    say(`${suite.name.padEnd(20)} ${answers.length} answers of ${suite.server} (${version}), ${bytes} bytes`);
  }
}
