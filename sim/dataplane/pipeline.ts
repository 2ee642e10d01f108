/** One pipeline of a collector: its processors in order, with what never changes remembered per sample. */
import type { EachStage, Stage } from "./processors/index.js";
import { createRotatingMemo } from "./rotating-memo.js";
import type { Sample } from "./sample.js";

export interface Pipeline {
  run(samples: readonly Sample[]): readonly Sample[];
  /** Lets counters of groups begin at zero again. */
  reset(): void;
}

type Step = (samples: readonly Sample[]) => readonly Sample[];

// A process unseen for so many scrapes is judged anew when it comes back, with the same result.
const forgottenAfterScrapes = 16;

/** Joins stages. Neighbours whose outcome cannot change run once per sample, not once per scrape. */
export function createPipeline(stages: readonly Stage[]): Pipeline {
  const steps: Step[] = [];
  let fixed: EachStage[] = [];
  const closeFixed = (): void => {
    if (fixed.length > 0) steps.push(rememberedStep(fixed));
    fixed = [];
  };
  for (const stage of stages) {
    if (stage.type === "each" && !stage.dynamic) {
      fixed.push(stage);
      continue;
    }
    closeFixed();
    steps.push(stage.type === "all" ? stage.run : (samples) => collect(samples, stage.apply));
  }
  closeFixed();
  return {
    run: (samples) => steps.reduce((current, step) => step(current), samples),
    reset: () => {
      for (const stage of stages) if (stage.type === "all") stage.reset();
    },
  };
}

function rememberedStep(stages: readonly EachStage[]): Step {
  const outcomes = createRotatingMemo<Sample, Sample | undefined>(forgottenAfterScrapes);
  const applyAll = (sample: Sample): Sample | undefined => {
    let current: Sample | undefined = sample;
    for (const stage of stages) {
      if (current === undefined) return undefined;
      current = stage.apply(current);
    }
    return current;
  };
  return (samples) => {
    const result = collect(samples, (sample) => outcomes.get(sample, applyAll));
    outcomes.endRound();
    return result;
  };
}

function collect(samples: readonly Sample[], apply: (sample: Sample) => Sample | undefined): Sample[] {
  const result: Sample[] = [];
  for (const sample of samples) {
    const outcome = apply(sample);
    if (outcome !== undefined) result.push(outcome);
  }
  return result;
}
