/**
 * Mutation: takes a run that reached something new, and changes a little of it.
 *
 * It keeps the answers of the parent up to a random point or throughout, forgets some, and draws a few anew.
 * What counts as new is said in coverage.ts. The idea is that of fuzzing by coverage, as AFL does it.
 */
import { replayDriver } from "../kernel/index.js";
import { createDraws } from "./draws.js";
import { randomStrategy } from "./random.js";
import { sideQuestions } from "./side-questions.js";
import type { CorpusEntry, Feedback, RunDriver, RunKey, Strategy } from "./strategy.js";

const forgetChance = 0.05;
const cutChance = 0.5;
const changesMax = 4;

/** Random until there is a run to change. */
export function mutationStrategy(): Strategy {
  const random = randomStrategy();
  return {
    name: "mutation",
    driverFor(key, feedback) {
      const draws = createDraws(key.seed, "mutation");
      const parent = feedback.corpus[draws.below(feedback.corpus.length)];
      return parent === undefined ? random.driverFor(key, feedback) : mutate(parent, key, feedback);
    },
  };
}

function mutate({ seed, deviations }: CorpusEntry, key: RunKey, feedback: Feedback): RunDriver {
  const draws = createDraws(key.seed, "mutation/changes");
  const kept = deviations.filter(() => draws.unit() >= forgetChance);
  const parent = replayDriver(seed, kept);
  const fresh = sideQuestions(key.seed, "spread");
  const points = Math.max(1, feedback.orderPoints + feedback.latencyPoints);
  const changeChance = (1 + draws.below(changesMax)) / points;
  const cutAt = draws.unit() < cutChance ? draws.below(Math.ceil(points)) : Infinity;
  let asked = 0;
  return {
    strategy: "mutation",
    seed,
    choose(point) {
      const answer = parent.choose(point);
      const anew = asked++ >= cutAt || draws.unit() < changeChance;
      return anew ? fresh.choose(point) : answer;
    },
    entropy: parent.entropy,
  };
}
