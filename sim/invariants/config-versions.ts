/** Versions of configurations are whole, follow each other, and never change. */
import type { Invariant } from "./watch.js";

export const configVersions: Invariant = {
  name: "config-versions",
  summary: "versions of configurations are whole, follow each other without gaps, and never change",
  watch({ fail }) {
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
