/** Load simulations end with their experiment at the latest, in the database and on nodes. */
import { type Invariant, textOf } from "./watch.js";

const atWork = new Set(["pending", "running"]);

export const loadsEnd: Invariant = {
  name: "loads-end",
  summary: "no load goes on, in the database or on a node, once it was stopped or its experiment was closed",
  pendingMsMax: 180_000,
  watch(view) {
    const states = new Map<string, string>();
    return {
      committed(changes) {
        for (const { table, key, after } of changes)
          if (table === "load_simulations" && after !== null) states.set(key, textOf(after["state"]));
      },
      pending() {
        for (const [id, state] of states) if (atWork.has(state)) return `the load ${id} is ${state}`;
        for (const [node, loads] of view.loads())
          for (const { loadId } of loads)
            if (states.get(loadId) === "stopped") return `${node} has the load ${loadId}, which was stopped`;
        return undefined;
      },
    };
  },
};
