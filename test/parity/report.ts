/**
 * `npm run parity`: the simulated backends beside the real ones, as a table or, with `--json`, as one document.
 * `--histories=N` plays so many random ones on PostgreSQL. `--record`, or `--record=NAME,NAME`, stores what the real
 * servers answer instead; see recordings.ts.
 */
import { decideRealArm, missingProgram, realPrograms } from "../support/real-programs.js";
import { type PostgresParity, runPostgresParity } from "./postgres/index.js";
import { recordSuites } from "./record.js";
import { type RedisParity, runRedisParity } from "./redis/index.js";

interface Counts {
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
}

function row(label: string, { equal, different, unsupported }: Counts): string {
  return `${label.padEnd(36)} ${String(equal).padStart(6)} ${String(different).padStart(10)} ${String(unsupported).padStart(12)}`;
}

const nothing: Counts = { equal: 0, different: 0, unsupported: 0 };

function pick({ equal, different, unsupported }: Counts): Counts {
  return { equal, different, unsupported };
}

/** @returns Undefined, said on stderr, where the real server is not installed; then the exit code says if that is wrong. */
async function whereInstalled<Parity extends { readonly against: string }>(
  program: (typeof realPrograms)["postgres" | "redis"],
  run: () => Promise<Parity>,
): Promise<Parity | undefined> {
  const { action, reason } = decideRealArm(missingProgram([program]));
  if (action !== "run") {
    process.stderr.write(
      `${action === "fail" ? "FAILED" : "skipped"}: ${program.name}, nothing compared: ${reason}\n`,
    );
    if (action === "fail") process.exitCode = 1;
    return undefined;
  }
  const parity = await run();
  process.stderr.write(`real ${program.name}: ${parity.against}\n`);
  return parity;
}

function printJson(postgres: PostgresParity | undefined, redis: RedisParity | undefined): void {
  const { equal, different, seed } = postgres?.histories ?? { equal: 0, different: 0, seed: 1 };
  const document = {
    postgres: pick(postgres ?? nothing),
    redis: pick(redis ?? nothing),
    hermitage: postgres?.hermitage ?? nothing,
    histories: { equal, different, seed },
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

function printTable(postgres: PostgresParity | undefined, redis: RedisParity | undefined): void {
  process.stdout.write(`${"feature".padEnd(36)}  equal  different  unsupported\n`);
  if (postgres !== undefined) {
    for (const feature of postgres.features)
      process.stdout.write(`${row(`postgres ${feature.feature}`, feature)}\n`);
    process.stdout.write(`${row("postgres histories", { ...postgres.histories, unsupported: 0 })}\n`);
  }
  for (const feature of redis?.features ?? [])
    process.stdout.write(`${row(`redis ${feature.feature}`, feature)}\n`);
}

async function compareServers(histories: number, asJson: boolean): Promise<void> {
  process.stderr.write(`playing behaviours, isolation tests and ${histories} histories on both servers\n`);
  const postgres = await whereInstalled(realPrograms.postgres, async () => runPostgresParity({ histories }));
  const redis = await whereInstalled(realPrograms.redis, async () => runRedisParity());
  (asJson ? printJson : printTable)(postgres, redis);
  const differences = [...(postgres?.differences ?? []), ...(redis?.differences ?? [])];
  for (const { feature, name, simulated, real } of differences) {
    process.stderr.write(
      `\n${feature}: ${name}\n  simulated ${JSON.stringify(simulated)}\n  real      ${JSON.stringify(real)}\n`,
    );
  }
  if (differences.length > 0) process.exitCode = 1;
}

const args = process.argv.slice(2);
const record = args.find((arg) => /^--record(?:=|$)/.test(arg));
if (record === undefined) {
  const histories = args
    .map((arg) => /^--histories=(\d+)$/.exec(arg)?.[1])
    .find((given) => given !== undefined);
  await compareServers(Number(histories ?? 5_000), args.includes("--json"));
} else {
  const names = record.split("=")[1]?.split(",") ?? [];
  await recordSuites(names, (line) => process.stdout.write(`${line}\n`)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
