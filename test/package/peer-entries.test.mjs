// Uses every export of phoenix-sim/vitest and phoenix-sim/fast-check, in a project of its own against the packed
// package and against a linked one; see tools/check-package.mjs.
import fc from "fast-check";
import { SimError, createPhoenix } from "phoenix-sim";
import * as withFastCheck from "phoenix-sim/fast-check";
import * as withRedisMock from "phoenix-sim/ioredis-mock";
import * as withPgMem from "phoenix-sim/pg-mem";
import * as withVitest from "phoenix-sim/vitest";
import RedisMock from "ioredis-mock";
import { expect as ofVitest } from "vitest";

const { createTest, expect, regressions, test } = withVitest;

test("every export has its test in this file", () => {
  expect(new Set(Object.keys(withVitest))).toEqual(new Set(["createTest", "expect", "regressions", "test"]));
  expect(new Set(Object.keys(withFastCheck))).toEqual(
    new Set(["apiCommands", "createApiModel", "createRequests", "faultPlans", "schedules", "scheduler"]),
  );
  expect(Object.keys(withRedisMock)).toEqual(["snapshotOf"]);
  expect(Object.keys(withPgMem)).toEqual(["snapshotOf"]);
});

test("the runner, the errors and the world are one copy each", async ({ phoenix }) => {
  expect(expect).toBe(ofVitest);
  await expect(createPhoenix({ sede: 1 })).rejects.toBeInstanceOf(SimError);
  await expect(phoenix.waitForState("none", "running", { within: "1s" })).rejects.toBeInstanceOf(SimError);
});

test("a snapshot in the project's own ioredis-mock", async ({ phoenix }) => {
  await phoenix.redis.command("SET", "own", "1");
  const mock = withRedisMock.snapshotOf(phoenix.redis);
  expect(mock).toBeInstanceOf(RedisMock);
  expect(await mock.get("own")).toBe("1");
});

test("a snapshot in the project's own pg-mem", async ({ phoenix }) => {
  await phoenix.postgres.query("create table own (id int primary key, name text)");
  await phoenix.postgres.query("insert into own values (1, 'one')");
  expect(withPgMem.snapshotOf(phoenix.postgres).public.many("select * from own")).toEqual([
    { id: 1, name: "one" },
  ]);
});

test("a world with the process's own fetch", async ({ phoenix }) => {
  expect((await fetch(`${phoenix.url}/health`)).status).toBe(200);
});

const own = test.extend({ answer: async ({ phoenix }, use) => use(phoenix.seed) });
own("a fixture of one's own", ({ answer, phoenix }) => expect(answer).toBe(phoenix.seed));

createTest({ nodes: ["alpha"] })("other options", ({ phoenix }) => {
  expect(phoenix.node("alpha")).toBeDefined();
});

test.explore("one experiment is one experiment", { runs: 5 }, async ({ phoenix }) => {
  await phoenix.client.createExperiment({ name: "explored" });
  expect((await phoenix.client.listExperiments()).experiments).toHaveLength(1);
});

own.explore("a fixture of one's own in each run", { runs: 2 }, ({ answer, phoenix }) => {
  expect(answer).toBe(phoenix.seed);
});

test("a test without a world is kept from the network", async () => {
  const error = await fetch("http://gateway:8080/health").catch((thrown) => thrown);
  expect(error.cause).toMatchObject({ code: "SIM_NO_WORLD" });
});

regressions();

const { apiCommands, createApiModel, createRequests, faultPlans, scheduler, schedules } = withFastCheck;

test("schedules, fault plans and requests are values", async () => {
  const body = async (schedule, plan, request) => {
    const phoenix = await createPhoenix({ driver: schedule.driver() });
    plan.inject(phoenix);
    await phoenix.client.createExperiment(request).catch(() => {});
    await phoenix.dispose({ force: true });
  };
  await fc.assert(fc.asyncProperty(schedules(), faultPlans(), createRequests(), body), {
    numRuns: 3,
    seed: 1,
  });
});

test("the scheduler of fast-check, with its order from a driver", async () => {
  const body = async (tasks) => {
    const seen = [];
    for (const number of [1, 2]) void tasks.schedule(Promise.resolve(number)).then(() => seen.push(number));
    await tasks.waitIdle();
    expect(new Set(seen)).toEqual(new Set([1, 2]));
  };
  await fc.assert(fc.asyncProperty(scheduler(), body), { numRuns: 3, seed: 1 });
});

test("commands of the API against a model", async () => {
  const body = async (commands) => {
    const phoenix = await createPhoenix({ seed: 7 });
    await fc.asyncModelRun(() => ({ model: createApiModel(), real: phoenix }), commands);
    await phoenix.dispose({ force: true });
  };
  await fc.assert(fc.asyncProperty(apiCommands({ commandsMax: 5 }), body), { numRuns: 2, seed: 1 });
});
