import { expect, test } from "vitest";
import { canTransition, experimentStates, isTerminal, nextStates } from "../../../../src/model/index.js";

test("only the documented transitions are legal", () => {
  const legal = experimentStates.flatMap((from) =>
    experimentStates.filter((to) => canTransition(from, to)).map((to) => `${from}>${to}`),
  );
  expect(legal).toEqual([
    "pending>initializing",
    "pending>cancelled",
    "initializing>running",
    "initializing>failed",
    "initializing>cancelled",
    "running>analyzing",
    "running>failed",
    "running>cancelled",
    "analyzing>completed",
    "analyzing>failed",
  ]);
});

test("every state leads to an end", () => {
  const reachesEnd = (state: (typeof experimentStates)[number]): boolean =>
    isTerminal(state) || nextStates(state).some(reachesEnd);
  expect(experimentStates.filter((state) => !reachesEnd(state))).toEqual([]);
});
