/** What a world consists of once it stands; the pieces of its public surface are made from it. */
import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Network } from "../kernel/network/index.js";
import type { Recorder } from "../kernel/trace.js";
import type { Phoenix } from "./api.js";
import type { Client } from "./client/index.js";
import type { Cluster, Observers, ServerFaultHooks, Service } from "./cluster/index.js";
import type { Drivers } from "./drivers.js";
import type { Callers, ClientStreams, InstalledGlobals, WorldSockets } from "./edges/index.js";
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
  /** Finds the lines of the user's code behind what clients send, while the trace is kept. */
  readonly callers: Callers | undefined;
  /** The host of third parties, when there are any. */
  readonly outside: Service | undefined;
  readonly globals: InstalledGlobals | undefined;
  readonly observers: Observers;
  readonly faultHooks: ServerFaultHooks;
}

// What may no longer be done once a world is disposed.

/** Throws `SIM_WORLD_CLOSED` once the world is disposed. @param what - Such as `client.listExperiments`. */
export type Guard = (what: string) => void;

export function createGuard(isDisposed: () => boolean): Guard {
  return (what) => {
    if (!isDisposed()) return;
    throw new SimError(
      "SIM_WORLD_CLOSED",
      `Cannot use phoenix.${what}: this world was disposed.`,
      "Create a new world, or finish the work before the block of `await using` ends.",
    );
  };
}

type Method = (...args: unknown[]) => unknown;

/** How calls of a member are refused: those that give a promise reject it. */
interface Calls {
  readonly rejects?: readonly string[];
  readonly throws?: readonly string[];
}

/** Calls that act on a world; what only tells of it (trace, histories, rows) stays readable after its end. */
const acting = {
  rejects: [
    "fetch",
    "plainFetch",
    "listen",
    "realClients",
    "converge",
    "until",
    "waitForState",
    "waitForMessage",
  ],
  throws: ["setReading", "service", "node", "always", "sometimes", "reachable", "choose", "chance", "at"],
} as const satisfies { readonly [K in keyof Calls]: readonly (keyof Phoenix)[] };

/** The same for members. */
const actingMembers = {
  clock: { rejects: ["advance"], throws: ["followRealTime"] },
  postgres: { rejects: ["query", "listen"] },
  redis: { rejects: ["command", "listen"] },
  network: { throws: ["addRule", "partition", "isolate", "setLink"] },
  faults: { throws: ["inject", "plan"] },
} as const satisfies {
  readonly [K in keyof Phoenix]?: { readonly [How in keyof Calls]: readonly (keyof Phoenix[K])[] };
};

/** Members that are refused as soon as they are read. */
const refused = ["services", "WebSocket"] as const satisfies readonly (keyof Phoenix)[];

/** Lays the guard over everything that acts. */
export function guarded(phoenix: Phoenix, guard: Guard): Phoenix {
  guardCalls(guard, "", phoenix, acting);
  for (const [member, calls] of Object.entries(actingMembers))
    guardCalls(guard, `${member}.`, phoenix[member as keyof typeof actingMembers], calls);
  for (const name of refused) {
    const value = phoenix[name];
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

/** @param name - What its user calls it, such as `client`. @returns The same client; clients made by it are guarded, too. */
export function guardedClient(client: Client, name: string, guard: Guard): Client {
  const methods = Object.keys(client).filter((key) => key !== "token");
  guardCalls(guard, `${name}.`, client, { rejects: methods });
  const { as } = client;
  return Object.assign(client, {
    as: async (...args: Parameters<Client["as"]>) => guardedClient(await as(...args), name, guard),
  });
}

function guardCalls(
  guard: Guard,
  prefix: string,
  target: object,
  { rejects = [], throws = [] }: Calls,
): void {
  // What is the same function stays the same.
  const covers = new Map<Method, Method>();
  for (const name of [...rejects, ...throws]) {
    const method = Reflect.get(target, name) as Method;
    const isRejected = rejects.includes(name);
    const cover = (...args: unknown[]): unknown => {
      try {
        guard(`${prefix}${name}`);
      } catch (error) {
        // A call that is allowed takes no turn more than without the guard.
        if (isRejected) return Promise.reject(error);
        throw error;
      }
      return method.apply(target, args);
    };
    const value = covers.get(method) ?? cover;
    covers.set(method, value);
    Object.defineProperty(target, name, { enumerable: true, writable: true, value });
  }
}
