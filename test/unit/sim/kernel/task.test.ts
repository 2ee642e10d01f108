import { expect, test } from "vitest";

import { type ChoicePoint, type Driver, advance } from "../../../../sim/kernel/index.js";
import { createBareWorld } from "../../../support/world.js";

/** Keeps the questions it is asked; answers 0. */
function watching(): Driver & { readonly points: ChoicePoint[]; readonly tasks: string[][] } {
  const points: ChoicePoint[] = [];
  const tasks: string[][] = [];
  return {
    points,
    tasks,
    choose(point) {
      points.push(point);
      if (point.candidates !== undefined)
        tasks.push(point.candidates.map((c) => `${c.task.label}${c.task.id}.${c.place}`));
      return 0;
    },
    entropy: () => 0,
  };
}

test("an event that schedules the next one stays on its task; what the test schedules begins a new one", async () => {
  const driver = watching();
  const { loop } = createBareWorld({ driver });
  const step = (name: string, left: number): void => {
    if (left > 0) loop.schedule(1, "task", name, () => step(name, left - 1));
  };
  step("a", 3);
  step("b", 3);
  await advance(loop, 10);
  expect(driver.tasks).toEqual([
    ["a0.0", "b1.0"],
    ["a0.1", "b1.1"],
    ["a0.2", "b1.2"],
  ]);
});

test("a deadline set before a request does not take its strand, and a second request begins a new one", async () => {
  const driver = watching();
  const { loop } = createBareWorld({ driver });
  loop.schedule(1, "task", "caller", () => {
    loop.schedule(1, "timer", "deadline", () => {});
    loop.schedule(1, "message", "request", () => {});
    loop.schedule(1, "message", "second", () => {});
  });
  await advance(loop, 10);
  expect(driver.tasks[0]).toEqual(["deadline2.0", "caller0.1", "second3.0"]);
});

test("a timer that sets itself again is one strand", async () => {
  const driver = watching();
  const { loop } = createBareWorld({ driver });
  const tick = (): void => void loop.schedule(1, "timer", "tick", tick);
  tick();
  loop.schedule(3, "task", "other", () => {});
  await advance(loop, 4);
  expect(driver.tasks[0]).toEqual(["other1.0", "tick0.2"]);
});

test("a question says which strand asks it; the code that a wait woke belongs to the strand of the wait", async () => {
  const driver = watching();
  const { loop } = createBareWorld({ driver });
  loop.choices.choose("latency", "outside", 4);
  loop.schedule(1, "task", "a", () => loop.choices.choose("latency", "inside", 4));
  await advance(loop, 5);
  loop.choices.choose("latency", "after", 4);
  expect(driver.points.map(({ label, currentTask }) => [label, currentTask?.label])).toEqual([
    ["outside", undefined],
    ["inside", "a"],
    ["after", "advance"],
  ]);
});
