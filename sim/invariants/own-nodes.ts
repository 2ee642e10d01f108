/** Metrics of an experiment come from its own nodes. */
import { readExperimentPath } from "./request-target.js";
import { type Invariant, textOf, textsOf } from "./watch.js";

export const ownNodes: Invariant = {
  name: "own-nodes",
  summary: "metrics of an experiment come only from its own nodes",
  watch({ fail, experiment, experiments, nodesOfSeries }) {
    return {
      answered({ path, status, json }) {
        const { id, rest } = readExperimentPath(path) ?? {};
        if (id === undefined || rest !== "/metrics" || status !== 200) return;
        const targets = textsOf(experiment(id)?.["target_nodes"]);
        const node = (json?.["labels"] as { readonly node?: unknown } | undefined)?.node;
        const named = Array.isArray(node) ? node.map(String) : textOf(node).split(",");
        const strange = named
          .map((name) => name.trim())
          .find((name) => name !== "" && !targets.includes(name));
        if (strange !== undefined) fail(`metrics of ${id} name ${strange}, which is not among its nodes`);
      },
      finished() {
        for (const row of experiments()) {
          const targets = textsOf(row["target_nodes"]);
          const strange = nodesOfSeries(String(row["id"])).find((node) => !targets.includes(node));
          if (strange !== undefined) fail(`Prometheus has series of ${String(row["id"])} from ${strange}`);
        }
      },
    };
  },
};
