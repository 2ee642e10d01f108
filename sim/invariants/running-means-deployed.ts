/** When an experiment becomes running, both collectors are on each of its nodes. */
import { type Invariant, textsOf } from "./watch.js";

export const runningMeansDeployed: Invariant = {
  name: "running-means-deployed",
  summary: "an experiment that runs has both collectors on each of its nodes, and on no other",
  watch: ({ fail, collectors }) => ({
    committed(changes) {
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments" || after?.["state"] !== "running" || before?.["state"] === "running")
          continue;
        const targets = new Set(textsOf(after["target_nodes"]));
        for (const [node, running] of collectors()) {
          const count = running.filter(({ experimentId }) => experimentId === key).length;
          if (targets.has(node) && count !== 2)
            fail(`experiment ${key} became running with ${count} of 2 collectors on ${node}`);
          if (!targets.has(node) && count > 0)
            fail(`experiment ${key} has ${count} collectors on ${node}, which is not among its nodes`);
        }
      }
    },
  }),
};
