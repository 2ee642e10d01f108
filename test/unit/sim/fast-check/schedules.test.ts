import * as fc from "fast-check";
import { type Schedule, schedules } from "phoenix-sim/fast-check";
import { expect, test } from "vitest";

import { type ShapeRun, runShape, shapes } from "../../../shapes/index.js";

async function run(name: string, schedule: Schedule): Promise<ShapeRun> {
  const shape = shapes.find((each) => each.name === name);
  if (shape === undefined) throw new Error(`There is no shape ${name}.`);
  return runShape(shape, schedule.driver());
}

test.each(["lost-update", "late-reply", "write-skew"])(
  "%s is found, and shrinks to few decisions",
  async (name) => {
    const property = fc.asyncProperty(
      schedules(),
      async (schedule) => (await run(name, schedule)).failure === undefined,
    );
    const { counterexample } = await fc.check(property, { seed: 3, numRuns: 1000 });
    const schedule = counterexample?.[0];
    if (schedule === undefined) throw new Error("nothing was found");
    const { failure, decisions } = await run(name, schedule);
    expect(failure).toBeDefined();
    expect(decisions.length).toBeLessThanOrEqual(12);

    // The printed text brings it back.
    const printed = fc.stringify(schedule);
    const [again] = fc.sample(schedules({ replay: printed }), 1);
    if (again === undefined) throw new Error("there is always one");
    expect((await run(name, again)).decisions).toEqual(decisions);
  },
);

test("one schedule gives every world the same answers", async () => {
  await fc.assert(
    fc.asyncProperty(schedules(), async (schedule) => {
      const first = await run("aba", schedule);
      expect((await run("aba", schedule)).traceHash).toBe(first.traceHash);
      expect(schedule.decisions).toEqual(first.decisions);
    }),
  );
});

test("a text that is no schedule is refused", () => {
  for (const text of ["", "12", "12 {", "x []"]) {
    expect(() => schedules({ replay: text })).toThrow(
      expect.objectContaining({ code: "SIM_OPTION_INVALID" }),
    );
  }
});
