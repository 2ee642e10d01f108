/** What a fault is: a name, something it does to a world, and a handle that ends it. */
import type { Loop } from "../kernel/index.js";
import type { Network } from "../network/index.js";
import type { Cluster, Interference } from "../services/index.js";

/** What faults act on. */
export interface FaultWorld {
  readonly loop: Loop;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly interference: Interference;
  /** WebSockets of clients. */
  readonly sockets: { setAllReading(reading: boolean): void };
}

/** Which part of the world a fault strikes. */
export type FaultScope =
  "network" | "http" | "websocket" | "process" | "clock" | "postgres" | "redis" | "prometheus" | "collector";

/** A fault in force. */
export interface FaultHandle {
  /** Such as `partition gateway | postgres`. */
  readonly name: string;
  /** Ends the fault, and resolves when what it broke is back. Healing twice does nothing more. */
  heal(): Promise<void>;
}

/** A fault that may be injected; it does nothing before. */
export interface Fault {
  /** Name of its kind, as profiles and reports use it. */
  readonly kind: string;
  /** Kind and parameters, in words. */
  readonly name: string;
  /**
   * Users inject by `phoenix.faults`.
   *
   * @internal
   * @throws SimError `SIM_HOST_UNKNOWN` when it names a host that the world does not have.
   */
  inject(world: FaultWorld): FaultHandle;
}

/** Chooses one of several values under a stable name; the first is the dullest. */
export type Pick = <T>(name: string, options: readonly T[]) => T;

/** One kind of fault: data about it, and how the explorer draws one. */
export interface FaultKind {
  readonly kind: string;
  readonly scope: FaultScope;
  /** One sentence. */
  readonly summary: string;
  /** Its parameters, each in a few words. */
  readonly parameters: Readonly<Record<string, string>>;
  /** @internal Draws a fault of this kind for a world. */
  draw(pick: Pick, world: FaultWorld): Fault;
}

/** @returns A fault whose effect is undone by calling `undo` once. */
export function faultOf(
  kind: string,
  name: string,
  strike: (world: FaultWorld) => () => Promise<void> | void,
): Fault {
  return {
    kind,
    name,
    inject(world) {
      const undo = strike(world);
      let healing: Promise<void> | undefined;
      return {
        name,
        async heal() {
          healing ??= Promise.resolve(undo());
          await healing;
        },
      };
    },
  };
}
