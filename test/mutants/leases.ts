/** Controllers that write although somebody else holds the experiment, or never take over. */
import {
  claimExperiment,
  closeExperiment,
  releaseExperiment,
  takeOverExperiment,
} from "../../src/store/index.js";
import { type Mutant, rewrite } from "./mutant.js";
import { controllerSql } from "./twists.js";

const leases = {
  claim: claimExperiment,
  takeOver: takeOverExperiment,
  release: releaseExperiment,
  close: closeExperiment,
};

export const leaseMutants: readonly Mutant[] = [
  {
    name: "release-of-any-lease",
    wrong: "giving back a lease does not ask whether it is still one's own",
    caughtBy: ["invariant/fencing"],
    platform: controllerSql(() =>
      rewrite("release-experiment", (text) => text.replace("lease_token = $2", "$2::int IS NOT NULL")),
    ),
  },
  {
    name: "applied-version-without-token",
    wrong: "the applied version is recorded without the token",
    caughtBy: ["invariant/fencing"],
    platform: controllerSql(() =>
      rewrite("note-applied-version", (text) => text.replace("lease_token = $2", "$2::int IS NOT NULL")),
    ),
  },
  {
    name: "transition-without-token",
    wrong: "a transition asks for the state but not for the token",
    caughtBy: ["invariant/fencing", "invariant/atomic-event-log", "invariant/running-means-deployed"],
    platform: controllerSql(() =>
      rewrite("transition-experiment", (text) => text.replace("lease_token = $3", "$3::int IS NOT NULL")),
    ),
  },
  {
    name: "transition-without-state",
    wrong:
      "a transition asks neither for the state nor for the token: a late one resurrects what was cancelled",
    caughtBy: [
      "invariant/legal-transitions",
      "invariant/fencing",
      "invariant/atomic-event-log",
      "invariant/running-means-deployed",
    ],
    platform: controllerSql(() =>
      rewrite("transition-experiment", (text) =>
        text.replace("state = $2 AND lease_token = $3", "$2::text IS NOT NULL AND $3::int IS NOT NULL"),
      ),
    ),
  },
  {
    name: "token-does-not-grow",
    shows: "always",
    wrong: "taking an experiment leaves its token as it was",
    caughtBy: ["invariant/fencing"],
    platform: controllerSql(() =>
      rewrite("claim-experiment", (text) => text.replace("lease_token + 1", "lease_token")),
    ),
  },
  {
    name: "token-starts-again",
    shows: "always",
    wrong: "a transition sets the token back to zero",
    caughtBy: ["invariant/no-lost-update"],
    platform: controllerSql(() =>
      rewrite("transition-experiment", (text) =>
        text.replace("lease_token = lease_token + 1", "lease_token = 0"),
      ),
    ),
  },
  {
    name: "nobody-takes-over",
    wrong: "an experiment whose controller died stays with it for ever",
    caughtBy: ["convergence/every-experiment-ends"],
    platform: { controller: { parts: { leases: { ...leases, takeOver: async () => undefined } } } },
  },
  {
    name: "close-is-forgotten",
    shows: "always",
    wrong: "an experiment that was cleaned up is never closed",
    caughtBy: ["convergence/every-experiment-ends"],
    platform: { controller: { parts: { leases: { ...leases, close: async () => undefined } } } },
  },
  {
    name: "no-tick",
    wrong: "what is open is never looked for: a lost hint loses the experiment",
    caughtBy: ["convergence/every-experiment-ends"],
    platform: controllerSql(
      () =>
        ({ name }) =>
          name === "select-open-experiments" ? Promise.resolve({ rows: [], rowCount: 0 }) : undefined,
    ),
  },
];
