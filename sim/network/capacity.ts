/**
 * Capacity: a server with so many workers, each busy for a time with each request. What arrives while all are
 * busy waits in line, first come, first served (an M/G/k queue in Kendall's notation, fed by the world).
 */
import type { Incarnation } from "../kernel/index.js";

export interface CapacityOptions {
  /** Requests served at the same time. */
  readonly workers: number;
  /** Virtual milliseconds a worker is busy with one request. */
  readonly serviceMs: number;
}

export interface Capacity {
  /** Resolves once a worker has spent its time on this request; never when `life` ends before. */
  serve(life: Incarnation, label: string): Promise<void>;
}

export function createCapacity({ workers, serviceMs }: CapacityOptions): Capacity {
  const freeAtMs = Array.from({ length: workers }, () => 0);
  return {
    async serve(life, label) {
      if (serviceMs === 0) return;
      const now = life.host.monotonic();
      let worker = 0;
      for (let i = 1; i < freeAtMs.length; i++) if (at(freeAtMs, i) < at(freeAtMs, worker)) worker = i;
      const doneAtMs = Math.max(now, at(freeAtMs, worker)) + serviceMs;
      freeAtMs[worker] = doneAtMs;
      await new Promise<void>((resolve) => {
        life.schedule(doneAtMs - now, "task", `${label}/served`, resolve);
      });
    },
  };
}

function at(times: readonly number[], index: number): number {
  return times[index] ?? 0;
}
