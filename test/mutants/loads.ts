/** Load simulations that go on when they should have ended. */
import { createNodeClient } from "../../src/controller/index.js";
import { type Mutant, rewrite, skip } from "./mutant.js";
import { controllerSql, gatewaySql } from "./twists.js";

export const loadMutants: readonly Mutant[] = [
  {
    name: "loads-go-on-on-nodes",
    wrong: "nodes are not told that a load was stopped",
    caughtBy: ["convergence/loads-end"],
    platform: {
      controller: {
        parts: ({ http }) => ({
          nodes: {
            ...createNodeClient(http, { nodePort: 8090, requestTimeoutMs: 5_000 }),
            deleteLoad: async () => {},
          },
        }),
      },
    },
  },
  {
    name: "loads-stay-open",
    wrong: "the end of a load is not stored",
    caughtBy: ["convergence/loads-end"],
    platform: controllerSql(() => skip("update-load-state")),
  },
  {
    name: "loads-slip-through",
    wrong: "an experiment may end between the look at its state and the load that is stored for it",
    caughtBy: ["convergence/loads-end"],
    platform: gatewaySql(() => rewrite("hold-experiment-state", (text) => text.replace(" FOR SHARE", ""))),
  },
];
