/** What is mutated, and the tests closest to it. */

export interface MutatedModule {
  readonly name: string;
  readonly files: readonly string[];
  /** Files of unit tests, the most specific first. */
  readonly tests: readonly string[];
}

const postgres = "sim/servers/postgres";

export const mutatedModules: readonly MutatedModule[] = [
  {
    name: "lock-manager",
    files: [`${postgres}/locks/lock-manager.ts`],
    tests: [`test/unit/${postgres}/locks/lock-manager.test.ts`, `test/unit/${postgres}/server.test.ts`],
  },
  {
    name: "visibility",
    files: [`${postgres}/storage/heap.ts`],
    tests: [`test/unit/${postgres}/storage/heap.test.ts`, `test/unit/${postgres}/server.test.ts`],
  },
  {
    name: "serializability",
    files: [`${postgres}/locks/serializable.ts`],
    tests: [`test/unit/${postgres}/locks/serializable.test.ts`, `test/unit/${postgres}/server.test.ts`],
  },
  {
    name: "leases",
    files: ["src/store/leases.ts"],
    tests: ["test/unit/src/store/leases.test.ts", "test/unit/src/controller/lifecycle.test.ts"],
  },
  {
    name: "reconcile-queue",
    files: ["src/controller/reconcile-queue.ts"],
    tests: ["test/unit/src/controller/reconcile-queue.test.ts", "test/unit/src/controller/lifecycle.test.ts"],
  },
  {
    name: "live-feed",
    files: ["src/gateway/live/event-feed.ts"],
    tests: ["test/unit/src/gateway/live/event-feed.test.ts", "test/unit/src/gateway/live-updates.test.ts"],
  },
  {
    name: "nemesis",
    files: ["sim/world/faults/nemesis.ts", "sim/world/faults/fault-controller.ts"],
    tests: [
      "test/unit/sim/world/faults/nemesis.test.ts",
      "test/unit/sim/world/faults/by-hand.test.ts",
      "test/unit/sim/world/faults/catalogue.test.ts",
    ],
  },
  {
    name: "run-loop",
    files: ["sim/kernel/run-loop.ts", "sim/kernel/run-queue.ts"],
    tests: ["test/unit/sim/kernel/run-loop.test.ts", "test/unit/sim/kernel/run-queue.test.ts"],
  },
  {
    name: "fabric",
    files: ["sim/kernel/network/fabric.ts", "sim/kernel/network/link.ts"],
    tests: ["test/unit/sim/kernel/network/fabric.test.ts", "test/unit/sim/kernel/network/network.test.ts"],
  },
  {
    name: "minimizer",
    files: ["sim/explore/minimize.ts"],
    tests: ["test/unit/sim/explore/minimize.test.ts"],
  },
];
