/**
 * docs/support.md, made from what the suites certify and from the code itself. Nothing is run for it: the suites
 * themselves fail as soon as one of the behaviours counted here is not equal on both servers.
 */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { format } from "prettier";

import { commandNames } from "../../sim/servers/redis/dispatch.js";
import { unsupportedCommands } from "../../sim/servers/redis/command.js";
import { behaviours as postgresBehaviours } from "./postgres/behaviours/index.js";
import { hermitage } from "./postgres/hermitage.js";
import {
  type KnownDifference,
  knownDifferences as postgresDifferences,
} from "./postgres/known-differences.js";
import { platform } from "./postgres/platform.js";
import { behaviours as redisBehaviours } from "./redis/behaviours/index.js";
import { knownDifferences as redisDifferences } from "./redis/known-differences.js";

/** What the suites require of the real servers. */
const versions = { postgres: "PostgreSQL 15", redis: "Redis 7.0" } as const;

interface Behaviour {
  readonly feature: string;
  readonly name: string;
}

/** @returns The page, as it stands in the repository. Reads the source below the working directory. */
export async function supportPage(): Promise<string> {
  return format(
    [
      "# What is supported",
      "Made by `npm run support` from the suites of `test/parity` and from the code; a test keeps it current. Each behaviour" +
        " counted here is played on the simulated server and on the real one (Debian's packages), and must give the same" +
        " answer, error and waiting; `npm run parity` does so and prints `equal / different / unsupported`. What the real" +
        " servers answered is recorded with the tests and replayed on machines without them. What is not" +
        " supported throws `SIM_UNSUPPORTED` naming the feature, or, in Redis, answers with an error that says so.",
      "For Prometheus see [prometheus-support.md](prometheus-support.md); it is certified by Prometheus's own test files" +
        " and against a real server.",
      "## PostgreSQL",
      table([...postgresBehaviours, ...platform, ...hermitage], postgresDifferences, versions.postgres),
      "Besides, random histories of three sessions (statements over a few rows, locks, commits and aborts, under one" +
        " interleaving) are played on both, 500 of them recorded: same rows, counts, error codes, and same who waits for whom.",
      others([...postgresBehaviours, ...platform, ...hermitage], postgresDifferences),
      "### Not supported: `SIM_UNSUPPORTED`",
      "As the messages name it; `...` stands for the name that was found.",
      bullets(unsupportedSql()),
      "## Redis",
      table(redisBehaviours, redisDifferences, versions.redis),
      "Besides, random sequences of commands are played on both, 1,000 of them recorded; and raw conversations in RESP2 and" +
        " RESP3, compared byte for byte.",
      others(redisBehaviours, redisDifferences),
      "### Commands",
      words(commandNames()),
      "### Commands that Redis has and the simulation has not",
      words([...unsupportedCommands]),
      "",
    ].join("\n\n"),
    { parser: "markdown", printWidth: 110 },
  );
}

function table(
  behaviours: readonly Behaviour[],
  differences: readonly KnownDifference[],
  version: string,
): string {
  const counts = new Map<string, number>();
  for (const { feature } of behaviours) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  const rows = Array.from(counts, ([feature, count]) => {
    const known = differences.filter((each) => each.feature === feature).map(({ difference }) => difference);
    return `| ${feature} | yes | ${count} equal, ${version} | ${known.join(" ")} |`;
  });
  return [
    "| Feature | Supported | Certified | Known difference |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

// Differences of what has no behaviours of its own.
function others(behaviours: readonly Behaviour[], differences: readonly KnownDifference[]): string {
  const certified = new Set(behaviours.map(({ feature }) => feature));
  const rest = differences.filter(({ feature }) => !certified.has(feature));
  return [
    "Known differences elsewhere:",
    bullets(rest.map((each) => `${each.feature}: ${each.difference}`)),
  ].join("\n\n");
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function words(names: readonly string[]): string {
  const sorted = names.map((name) => name.toUpperCase()).toSorted((a, b) => (a < b ? -1 : 1));
  return sorted.map((name) => `\`${name}\``).join(" ");
}

const refusal = /unsupported\(\s*(?:"([^"]+)"|`([^`]+)`)/g;

/** @returns What the engine refuses by name, sorted; read from its source, where each refusal names the feature. */
function unsupportedSql(): readonly string[] {
  const folder = path.resolve("sim/servers/postgres");
  const found = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    for (const [, text, template] of readFileSync(path.join(folder, name), "utf8").matchAll(refusal)) {
      found.add(
        (text ?? template ?? "").replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "...").replaceAll("|", "\\|"),
      );
    }
  }
  return [...found].toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
}
