/** Shapes as scenarios: what campaigns, replays and shrinks of the tests and benches run. */
import type { RunOnce } from "../../sim/explore/index.js";
import { shapes } from "./index.js";
import { runShape } from "./lab.js";

/** Runs the shape named by `scenario`. */
export const runShapeOnce: RunOnce = async ({ scenario, driver, onStep }) => {
  const shape = shapes.find(({ name }) => name === scenario);
  if (shape === undefined) throw new Error(`There is no shape "${scenario}".`);
  let steps = 0;
  let virtualUs = 0;
  const { failure, decisions, traceHash } = await runShape(shape, driver, (step) => {
    steps = step.index;
    virtualUs = step.atUs;
    onStep(step);
  });
  return {
    failure:
      failure === undefined
        ? undefined
        : failure.startsWith("SIM_")
          ? { kind: "error", code: failure, message: failure }
          : { kind: "invariant", code: scenario, message: failure },
    traceHash,
    steps,
    virtualUs,
    decisions,
  };
};
