/** Versions of configurations are whole, follow each other, and never change. */
import { type Invariant, type RowImage, jsonOf, textOf } from "./watch.js";

export const configVersions: Invariant = {
  name: "config-versions",
  summary: "versions of configurations are whole, follow each other without gaps, and never change",
  watch(view) {
    const { fail } = view;
    const previous = new Map<string, RowImage>();
    const newest = new Map<string, number>();
    return {
      committed(changes) {
        for (const { table, key, before, after } of changes) {
          if (table !== "generated_configs") continue;
          if (before !== null || after === null) fail(`configuration ${key} was changed`);
          else {
            const [id, version] = [String(after["experiment_id"]), Number(after["version"])];
            if (version !== (newest.get(id) ?? 0) + 1)
              fail(`version ${version} of ${id} follows ${newest.get(id) ?? 0}`);
            if (!after["baseline_config"] || !after["candidate_config"])
              fail(`version ${version} of ${id} lacks a half`);
            else {
              checkTexts(after, view.experiment(id), fail);
              checkChange(after, previous.get(id), fail);
            }
            previous.set(id, after);
            newest.set(id, version);
          }
        }
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || after === null) continue;
          const [version, applied] = [Number(after["config_version"]), Number(after["applied_version"])];
          const stored = newest.get(key) ?? 0;
          if (version > stored)
            fail(`experiment ${key} is at version ${version}, and version ${stored} is the newest stored`);
          if (applied > version)
            fail(`experiment ${key} applied version ${applied} before it was at ${version}`);
          if (before === null) continue;
          if (version < Number(before["config_version"]) || applied < Number(before["applied_version"]))
            fail(`the versions of experiment ${key} went back`);
          const moved =
            !["pending", "cancelled"].includes(String(after["state"])) && before["state"] === "pending";
          if (moved && version === 0 && !String(after["reason"]).includes("configuration"))
            fail(`experiment ${key} is ${String(after["state"])} without a configuration`);
        }
      },
    };
  },
};

type Fail = (problem: string) => void;

const variants = ["baseline", "candidate"] as const;

// What a collector needs, without reading YAML in every run.
function checkTexts(config: RowImage, experiment: RowImage | undefined, fail: Fail): void {
  const id = textOf(config["experiment_id"]);
  for (const variant of variants) {
    const text = textOf(config[`${variant}_config`]);
    const what = `the ${variant} of version ${textOf(config["version"])} of ${id}`;
    for (const part of ["receivers:", "processors:", "exporters:", "service:", id, `variant: ${variant}\n`])
      if (!text.includes(part)) fail(`${what} lacks ${part.trim()}`);
    const pipeline = textOf(experiment?.[`${variant}_pipeline`]);
    if (!text.startsWith(`# ${pipeline} (${variant})`)) fail(`${what} is not ${pipeline}`);
    // A collector expands ${env:NAME}; what a shell would expand stays as it is, and so does what a caller wrote.
    if (/\$\{(?!env:)/.test(text) && !writesVariables(config, experiment))
      fail(`${what} has a variable that no collector expands`);
    for (const [, first, last] of text.matchAll(
      / processors:\n {8}- (.+)\n(?: {8}- .+\n)* {8}- (.+)\n {6}exp/g,
    ))
      if (first !== "memory_limiter" || last !== "batch")
        fail(`${what} begins with ${first} and ends with ${last}`);
  }
}

function writesVariables(config: RowImage, experiment: RowImage | undefined): boolean {
  return [config["overrides"], experiment?.["config"]].some((given) => textOf(given).includes("${"));
}

// A change of one variant leaves the other as it was.
function checkChange(config: RowImage, before: RowImage | undefined, fail: Fail): void {
  if (before === undefined) return;
  const [now, then] = [config["overrides"], before["overrides"]].map(
    (overrides) => (jsonOf(overrides) ?? {}) as Readonly<Record<string, unknown>>,
  );
  for (const variant of variants) {
    const changed = config[`${variant}_config`] !== before[`${variant}_config`];
    const asked = JSON.stringify(now?.[variant]) !== JSON.stringify(then?.[variant]);
    if (changed && !asked)
      fail(
        `version ${textOf(config["version"])} of ${textOf(config["experiment_id"])} changes the ${variant}`,
      );
  }
}
