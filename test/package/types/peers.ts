// Compiled where vitest and fast-check are installed, too.
import fc from "fast-check";
import { apiCommands, createApiModel, createRequests, faultPlans, schedules } from "phoenix-sim/fast-check";
import { createTest, expect, regressions, test } from "phoenix-sim/vitest";

test("a world", async ({ phoenix }) => {
  expect(await phoenix.client.listExperiments()).toMatchObject({ experiments: [] });
  // @ts-expect-error There is no such method.
  phoenix.nothing();
});

test("options", { timeout: 1000 }, async ({ phoenixOptions }) => {
  expect(phoenixOptions.seed).toBeUndefined();
  // @ts-expect-error There is no such option.
  expect(phoenixOptions.sede).toBeUndefined();
});

const own = test.extend<{ readonly answer: number }>({
  answer: async ({ phoenix }, use) => use(phoenix.seed),
});
own("a fixture of one's own beside a world", ({ answer, phoenix }) => {
  expect(answer satisfies number).toBe(phoenix.seed);
  // @ts-expect-error A fixture has the type it was given.
  expect(answer satisfies string).toBe("");
});

test.explore("ids are unique", { runs: 20 }, async ({ phoenix }) => {
  await phoenix.client.createExperiment({ name: "typed" });
});
// @ts-expect-error The number of runs is a number.
test.explore("many", { runs: "20" }, async () => {});

own.explore.for([1, 2])("more than %i", { runs: 2 }, (least, { answer, phoenix }) => {
  expect(answer + phoenix.seed).toBeGreaterThan(least);
});
// @ts-expect-error There is no such fixture.
own.explore.skip("none", ({ question }) => expect(question).toBeDefined());

createTest({ nodes: 5 })("five nodes", ({ phoenix }) => expect(phoenix.seed).toBeDefined());
// @ts-expect-error There is no such option.
createTest({ nods: 5 });
regressions();

await fc.assert(
  fc.asyncProperty(schedules(), faultPlans(), createRequests(), async (schedule, plan, request) => {
    expect(schedule.driver()).toBeDefined();
    expect(plan.faults.length).toBeGreaterThanOrEqual(0);
    expect(request satisfies { readonly name: string }).toBeDefined();
    // @ts-expect-error A schedule is not a number.
    expect(schedule satisfies number).toBeDefined();
  }),
);
const commands = apiCommands();
console.log(commands, createApiModel());
