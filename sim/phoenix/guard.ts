/** What may no longer be done once a world is disposed. */
import { SimError } from "../errors.js";
import type { Phoenix } from "./api.js";

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
