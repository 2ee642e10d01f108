/** What a world consists of once it stands; the pieces of its public surface are made from it. */
import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Network } from "../kernel/network/index.js";
import type { Recorder } from "../kernel/trace.js";
import type { Phoenix } from "./api.js";
import type { Cluster, Observers, ServerFaultHooks, Service } from "./cluster/index.js";
import type { Drivers } from "./drivers.js";
import type { ClientStreams, InstalledGlobals, WorldSockets } from "./edges/index.js";
import type { ResolvedOptions } from "./options.js";

export interface WorldParts {
  readonly options: ResolvedOptions;
  readonly loop: Loop;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  /** The incarnation of the host that the test's own requests come from. */
  readonly incarnation: Incarnation;
  readonly fetch: typeof fetch;
  readonly sockets: WorldSockets;
  readonly streams: ClientStreams;
  readonly drivers: Drivers;
  /** The host of third parties, when there are any. */
  readonly outside: Service | undefined;
  readonly globals: InstalledGlobals | undefined;
  readonly observers: Observers;
  readonly faultHooks: ServerFaultHooks;
}

// What may no longer be done once a world is disposed.

/** @returns A function that throws `SIM_WORLD_CLOSED` from the moment on at which `isDisposed` says so. */
export function createGuard(isDisposed: () => boolean): (what: string) => void {
  return (what) => {
    if (!isDisposed()) return;
    throw new SimError(
      "SIM_WORLD_CLOSED",
      `Cannot use phoenix.${what}: this world was disposed.`,
      "Create a new world, or finish the work before the block of `await using` ends.",
    );
  };
}

/** @returns The same object; the methods named are guarded as `phoenix.<member>.<method>`. */
export function guardMethods<T extends object>(
  guard: (what: string) => void,
  member: string,
  target: T,
  methods: readonly (keyof T & string)[],
): T {
  for (const name of methods) {
    const method = target[name] as (...args: unknown[]) => unknown;
    Object.defineProperty(target, name, {
      enumerable: true,
      value(...args: unknown[]) {
        guard(`${member}.${name}`);
        return method.apply(target, args);
      },
    });
  }
  return target;
}

/** Members that act on a world; what only tells of it (trace, histories, rows) stays readable after its end. */
const acting = [
  "services",
  "service",
  "node",
  "network",
  "WebSocket",
  "listen",
  "realClients",
  "always",
  "sometimes",
  "reachable",
  "choose",
  "chance",
  "at",
] as const satisfies readonly (keyof Phoenix)[];

/** Lays the guard over the members that act; faults and stores are guarded method by method. */
export function guarded(phoenix: Phoenix, guard: (what: string) => void): Phoenix {
  for (const name of acting) {
    const value: unknown = phoenix[name];
    Object.defineProperty(phoenix, name, {
      enumerable: true,
      get() {
        guard(name);
        return value;
      },
    });
  }
  return phoenix;
}
