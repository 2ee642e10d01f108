import { expect, test } from "vitest";

import { advance, defaultDriver, type ChoicePoint } from "../../../../../sim/kernel/index.js";
import type { EnabledKind } from "../../../../../sim/world/faults/catalogue.js";
import { createFaultController } from "../../../../../sim/world/faults/fault-controller.js";
import { faultOf, type Fault, type FaultWorld } from "../../../../../sim/world/faults/fault.js";
import { sampledFault, startNemesis } from "../../../../../sim/world/faults/nemesis.js";
import { createBareWorld } from "../../../../support/world.js";

/** A world with nothing in it but time; faults note when they begin and end. */
function open(answers: Readonly<Record<string, number>> = {}) {
  const asked: ChoicePoint[] = [];
  const { loop, network } = createBareWorld({
    driver: {
      ...defaultDriver(),
      choose: (point) => {
        asked.push({ ...point });
        return answers[point.label] ?? 0;
      },
    },
  });
  const world = { loop, network } as unknown as FaultWorld;
  const seen: string[] = [];
  const note = (what: string): void => void seen.push(`${what} at ${loop.clock.nowMs}`);
  const fault = (name: string, undo?: () => Promise<void>): Fault =>
    faultOf("noise", name, () => {
      note(`${name} begins`);
      return async () => {
        await undo?.();
        note(`${name} ends`);
      };
    });
  const kind = (name: string, probability = 0.5, undo?: () => Promise<void>): EnabledKind => ({
    probability,
    kind: {
      kind: name,
      scope: "network",
      summary: "",
      parameters: {},
      sample: (choose) => {
        note(`${name} chooses`);
        const victim = choose("victim", ["a", "b", "c"]);
        return { ...fault(`${name} ${victim}`, undo), kind: name };
      },
    },
  });
  return { loop, world, asked, seen, fault, kind };
}

test("where no fault is injected, nothing but that is asked, and nothing happens", async () => {
  const { world, kind, asked, seen, loop } = open();
  const nemesis = startNemesis(world, [kind("x", 0.3), kind("y", 0.7)]);
  await advance(loop, 200_000);
  expect(asked.map(({ kind: as, label, probability }) => [as, label, probability])).toEqual([
    ["fault", "fault/x", 0.3],
    ["fault", "fault/y", 0.7],
  ]);
  expect([seen, nemesis.injected]).toEqual([[], []]);
});

test("a fault is asked for when and how long at once, and for its target when it is injected", async () => {
  const { world, kind, asked, seen, loop } = open({
    "fault/x": 1,
    "fault/x/at": 63,
    "fault/x/for": 2,
    "fault/x/victim": 1,
  });
  const nemesis = startNemesis(world, [kind("x")]);
  expect(asked.map(({ kind: as, label, n }) => [as, label, n])).toEqual([
    ["fault", "fault/x", 2],
    ["timing", "fault/x/at", 64],
    ["timing", "fault/x/for", 8],
  ]);
  await advance(loop, 79_999);
  expect(seen).toEqual([]);
  await advance(loop, 10_000);
  expect(seen).toEqual(["x chooses at 80000", "x b begins at 80000", "x b ends at 83000"]);
  expect(asked.at(-1)).toMatchObject({ kind: "target", label: "fault/x/victim", n: 3 });
  expect(nemesis.injected).toEqual([{ name: "x b", kind: "x", atMs: 80_000 }]);
});

test.each([
  [0, 1_000],
  [1, 200],
  [2, 3_000],
  [3, 6_000],
  [4, 11_000],
  [5, 17_000],
  [6, 31_000],
  [7, 70_000],
])("duration %i is %i ms, and moments lie closer together early in the window", async (choice, forMs) => {
  const { world, kind, seen, loop } = open({ "fault/x": 1, "fault/x/at": 21, "fault/x/for": choice });
  startNemesis(world, [kind("x")], { windowMs: 9_000 });
  await advance(loop, 100_000);
  // A third of the way, squared: a ninth of the window.
  expect(seen).toEqual(["x chooses at 1000", "x a begins at 1000", `x a ends at ${1_000 + forMs}`]);
});

test("the end heals what is active, once, and injects nothing more", async () => {
  const { world, kind, seen, loop } = open({
    "fault/x": 1,
    "fault/y": 1,
    "fault/y/at": 63,
    "fault/x/for": 7,
  });
  const nemesis = startNemesis(world, [kind("y"), kind("x")], { windowMs: 5_000 });
  await advance(loop, 1_000);
  await nemesis.end();
  expect(seen).toEqual(["x chooses at 0", "x a begins at 0", "x a ends at 1000"]);
  await nemesis.end();
  await advance(loop, 200_000);
  expect(seen).toHaveLength(3);
  expect(nemesis.injected).toHaveLength(1);
});

test("the end waits for a fault whose time is up and that is still being healed", async () => {
  let healed = (): void => {};
  const healing = new Promise<void>((resolve) => (healed = resolve));
  const { world, kind, loop } = open({ "fault/x": 1 });
  const nemesis = startNemesis(world, [kind("x", 0.5, () => healing)]);
  await advance(loop, 1_500);
  let ended = false;
  const end = nemesis.end().then(() => (ended = true));
  await advance(loop, 10);
  expect(ended).toBe(false);
  healed();
  await end;
  expect(ended).toBe(true);
});

test("a fault that cannot be healed fails the world", async () => {
  const { world, kind, loop } = open({ "fault/x": 1 });
  startNemesis(world, [
    kind("x", 0.5, async () => {
      throw new Error("stuck");
    }),
  ]);
  await expect(advance(loop, 5_000)).rejects.toThrow("stuck");
});

test("a sampled fault takes its choices by number, round again beyond the last, and 0 where one is missing", () => {
  // Between which hosts a partition lies is its one parameter.
  const routes = (choices: readonly number[], kind = "partition"): string => {
    const { world } = open();
    const nodes = new Map<string, unknown>();
    world.network.fabric.addHost("gateway");
    world.network.fabric.addHost("postgres");
    world.network.fabric.addHost("controller");
    world.network.fabric.addHost("client");
    for (const name of ["generator", "redis", "prometheus"]) world.network.fabric.addHost(name);
    const withCluster = { ...world, cluster: { nodes, groups: {} } } as unknown as FaultWorld;
    return sampledFault(kind, choices).inject(withCluster).name;
  };
  expect(routes([])).toBe("partition gateway | postgres");
  expect(routes([0])).toBe("partition gateway | postgres");
  expect(routes([1])).toBe("partition controller | postgres");
  const { name, kind } = sampledFault("partition", [1, 2]);
  expect([name, kind]).toEqual(["partition 1 2", "partition"]);
  expect(routes([1, 2], "clog")).toBe("clog controller | postgres, 3000 ms a message");
  expect(routes([1], "clog")).toBe("clog controller | postgres, 200 ms a message");
  // There are nine routes when there are no nodes.
  expect(routes([10])).toBe("partition controller | postgres");
  expect(() => sampledFault("partitoin", [])).toThrow(/partitoin/);
});

test("a fault by hand is active from when it is injected until it is healed", async () => {
  const { world, fault, seen } = open();
  const controller = createFaultController(world);
  const one = controller.inject(fault("one"));
  controller.inject(fault("two"));
  expect([one.name, controller.active()]).toEqual(["one", ["one", "two"]]);
  await one.heal();
  expect([controller.active(), seen]).toEqual([
    ["two"],
    ["one begins at 0", "two begins at 0", "one ends at 0"],
  ]);
  await one.heal();
  expect(seen).toHaveLength(3);
});

test("a planned fault is injected after its time, and lasts as long as was said or until it is healed", async () => {
  const { world, fault, seen, loop } = open();
  const controller = createFaultController(world);
  controller.plan(fault("short"), { after: "1s", for: "2s" });
  controller.plan(fault("long"), { after: "5s" });
  expect(controller.active()).toEqual([]);
  await advance(loop, 100_000);
  expect(seen).toEqual(["short begins at 1000", "short ends at 3000", "long begins at 5000"]);
  expect(controller.active()).toEqual(["long"]);
});

test("ending all heals what is active and forgets what is planned, also the end of what was planned", async () => {
  const { world, fault, seen, loop } = open();
  const controller = createFaultController(world);
  controller.inject(fault("now"));
  controller.plan(fault("soon"), { after: "1s", for: "10s" });
  controller.plan(fault("later"), { after: "5s" });
  await advance(loop, 2_000);
  await controller.healAll();
  expect(controller.active()).toEqual([]);
  expect(seen).toEqual(["now begins at 0", "soon begins at 1000", "now ends at 2000", "soon ends at 2000"]);
  expect(loop.waiting()).toEqual([]);
  await advance(loop, 100_000);
  expect(seen).toHaveLength(4);
  await controller.healAll();
  expect(seen).toHaveLength(4);
});

test("a planned fault that cannot be healed in its time fails the world", async () => {
  const { world, fault, loop } = open();
  createFaultController(world).plan(
    fault("x", async () => {
      throw new Error("stuck");
    }),
    { after: 0, for: "1s" },
  );
  await expect(advance(loop, 5_000)).rejects.toThrow("stuck");
});

test("what is no fault is refused when it is planned, not when it should be injected", () => {
  const controller = createFaultController(open().world);
  for (const wrong of ["partition", undefined, null, {}]) {
    expect(() => controller.plan(wrong as never, { after: 1 })).toThrow("[SIM_OPTION_INVALID]");
    expect(() => controller.inject(wrong as never)).toThrow("[SIM_OPTION_INVALID]");
  }
  expect(() => controller.inject("partition" as never)).toThrow('Cannot inject "partition"');
});

test("a plan takes no option that it does not know, and times that are times", () => {
  const { world, fault } = open();
  const controller = createFaultController(world);
  expect(() => controller.plan(fault("x"), { after: 1, untl: 2 } as never)).toThrow(/untl/);
  expect(() => controller.plan(fault("x"), { after: "soon" })).toThrow(/as the delay before the fault/);
  expect(() => controller.plan(fault("x"), { after: 1, for: "long" })).toThrow(
    /as the duration of the fault/,
  );
});
