/** The real servers and their command-line clients that tests compare with, and what to do where one is missing. */
import { spawnSync } from "node:child_process";

/** A program, at the version that the simulation follows. */
export interface RealProgram {
  readonly name: string;
  /** What to install on Debian 12. */
  readonly debianPackage: string;
  readonly command: string;
  readonly wanted: RegExp;
}

export const realPrograms = {
  postgres: {
    name: "PostgreSQL 15",
    debianPackage: "postgresql-15",
    command: "/usr/lib/postgresql/15/bin/postgres",
    wanted: /\b15\.\d+/,
  },
  redis: {
    name: "Redis 7.0",
    debianPackage: "redis-server",
    command: "redis-server",
    wanted: /(?<=v=)7\.0\.\d+/,
  },
  prometheus: {
    name: "Prometheus 2.42",
    debianPackage: "prometheus",
    command: "prometheus",
    wanted: /(?<=version )2\.42\.\d+/,
  },
  psql: { name: "psql", debianPackage: "postgresql-client", command: "psql", wanted: /\d+\.\d+/ },
  redisCli: {
    name: "redis-cli",
    debianPackage: "redis-tools",
    command: "redis-cli",
    wanted: /\d+\.\d+\.\d+/,
  },
} as const satisfies Readonly<Record<string, RealProgram>>;

function versionText({ command }: RealProgram): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, ["--version"], { encoding: "utf8" });
  return error === undefined ? `${stdout}${stderr}`.trim() : undefined;
}

/** @returns Such as `15.13`, or undefined where the program is missing or of a version that is not followed. */
export function realVersion(program: RealProgram): string | undefined {
  return program.wanted.exec(versionText(program) ?? "")?.[0];
}

/** @returns Undefined when all are installed, else one sentence on the first that is not. */
export function missingProgram(programs: readonly RealProgram[]): string | undefined {
  for (const program of programs) {
    if (realVersion(program) !== undefined) continue;
    const found = versionText(program)?.split("\n")[0];
    const what = found === undefined ? "is not installed" : `is not installed, but ${found}`;
    return `${program.name} ${what} (Debian 12: apt-get install ${program.debianPackage})`;
  }
  return undefined;
}

/**
 * What becomes of a comparison with real programs: with `PHOENIX_SIM_REAL=required` a missing one fails it, otherwise
 * it is reported as skipped.
 *
 * @throws Error when PHOENIX_SIM_REAL is anything but `required` or empty.
 */
export function decideRealArm(
  missing: string | undefined,
  setting = process.env["PHOENIX_SIM_REAL"] ?? "",
): { readonly action: "run" | "skip" | "fail"; readonly reason: string } {
  if (setting !== "" && setting !== "required") {
    throw new Error(`PHOENIX_SIM_REAL is "${setting}": set it to "required", or leave it unset.`);
  }
  if (missing === undefined) return { action: "run", reason: "" };
  if (setting === "") return { action: "skip", reason: missing };
  return { action: "fail", reason: `${missing}, and PHOENIX_SIM_REAL=required demands it.` };
}
