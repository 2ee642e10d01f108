/** When an experiment becomes running, both collectors are on each of its nodes. */
import { type Invariant, textsOf } from "./watch.js";

export const runningMeansDeployed: Invariant = {
  name: "running-means-deployed",
  summary: "an experiment that runs has both collectors on each of its nodes, and on no other",
  watch: ({ fail, collectors, rows, versionOnceLive }) => ({
    committed(changes) {
      for (const { table, key, before, after } of changes) {
        const applied = Number(after?.["applied_version"]);
        if (table !== "experiments" || !(applied > Number(before?.["applied_version"]))) continue;
        for (const node of textsOf(after?.["target_nodes"]))
          for (const variant of ["baseline", "candidate"])
            if (versionOnceLive(node, key, variant) < applied)
              fail(`version ${applied} of ${key} counts as applied, and ${node} never ran it as ${variant}`);
        const configs = rows("generated_configs");
        for (const { experimentId, variant, version, config } of [...collectors().values()].flat()) {
          if (experimentId !== key) continue;
          const stored = configs.find((row) => row["experiment_id"] === key && row["version"] === version);
          if (stored !== undefined && stored[`${variant}_config`] !== config)
            fail(`the ${variant} of ${key} runs another configuration than version ${version}`);
        }
      }
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments" || after?.["state"] !== "running" || before?.["state"] === "running")
          continue;
        const targets = new Set(textsOf(after["target_nodes"]));
        for (const [node, running] of collectors()) {
          const count = running.filter(({ experimentId }) => experimentId === key).length;
          // A node may come back with an old disk between its answer and the commit: then both ran there once.
          const lost = ["baseline", "candidate"].every((variant) => versionOnceLive(node, key, variant) > 0);
          if (targets.has(node) && count !== 2 && !lost)
            fail(`experiment ${key} became running with ${count} of 2 collectors on ${node}`);
          if (!targets.has(node) && count > 0)
            fail(`experiment ${key} has ${count} collectors on ${node}, which is not among its nodes`);
        }
      }
    },
  }),
};
