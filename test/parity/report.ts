/** `npm run parity`: the simulated backends beside the real ones, as a table or, with `--json`, as one document. */
import { runPostgresParity } from "./postgres/index.js";
import { runRedisParity } from "./redis/index.js";

interface Counts {
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
}

function row(label: string, { equal, different, unsupported }: Counts): string {
  return `${label.padEnd(36)} ${String(equal).padStart(6)} ${String(different).padStart(10)} ${String(unsupported).padStart(12)}`;
}

function pick({ equal, different, unsupported }: Counts): Counts {
  return { equal, different, unsupported };
}

const args = process.argv.slice(2);
const asJson = args.includes("--json");
const wanted = Number(
  /^--histories=(\d+)$/.exec(args.find((arg) => arg.startsWith("--histories=")) ?? "")?.[1] ?? 5_000,
);

process.stderr.write(`playing behaviours, isolation tests and ${wanted} histories on both servers\n`);
const postgres = await runPostgresParity({ histories: wanted });
const redis = await runRedisParity();
for (const [name, against, hint] of [
  ["PostgreSQL", postgres.against, "postgresql-15"],
  ["Redis", redis.against, "redis-server"],
] as const) {
  process.stderr.write(
    against === undefined
      ? `no real ${name} on this machine (apt-get install ${hint}): nothing compared\n`
      : `real ${name}: ${against}\n`,
  );
}

if (asJson) {
  const { equal, different, seed } = postgres.histories;
  process.stdout.write(
    `${JSON.stringify({ postgres: pick(postgres), redis: pick(redis), hermitage: postgres.hermitage, histories: { equal, different, seed } })}\n`,
  );
} else {
  process.stdout.write(`${"feature".padEnd(36)}  equal  different  unsupported\n`);
  for (const feature of postgres.features)
    process.stdout.write(`${row(`postgres ${feature.feature}`, feature)}\n`);
  process.stdout.write(`${row("postgres histories", { ...postgres.histories, unsupported: 0 })}\n`);
  for (const feature of redis.features) process.stdout.write(`${row(`redis ${feature.feature}`, feature)}\n`);
}
const differences = [...postgres.differences, ...redis.differences];
for (const { feature, name, simulated, real } of differences) {
  process.stderr.write(
    `\n${feature}: ${name}\n  simulated ${JSON.stringify(simulated)}\n  real      ${JSON.stringify(real)}\n`,
  );
}
process.exitCode = differences.length === 0 ? 0 : 1;
