/** The loads of a node: who may start one, and which the disk knows. */
import type { Clock } from "../../src/ports/index.js";
import type { DesiredLoad, NodeDisk } from "./disk.js";
import { loadProfiles } from "./load-profile.js";
import { refuse, type Outcome } from "./outcome.js";
import type { ProcessTable } from "./process-table.js";

export interface NodeLoadOptions {
  readonly clock: Clock;
  readonly disk: NodeDisk;
  readonly processes: ProcessTable;
  /** Processes that all loads may start together. */
  readonly processesMax: number;
}

export interface NodeLoad {
  /** Starts a load. The same request again changes nothing. */
  put(load: DesiredLoad): Outcome;
  /** Stops a load for good. Idempotent. */
  remove(loadId: string): Outcome;
  list(): Outcome;
  /** Points per second that running loads offer. */
  offeredPointsPerSecond(): number;
}

const loadsMax = 1000;
const stoppedLoadsMax = 100_000;

/** Starts again the loads that the disk knows and whose time is not over. */
export function createNodeLoad({ clock, disk, processes, processesMax }: NodeLoadOptions): NodeLoad {
  for (const load of disk.loads.values()) begin(load);

  /** The end is fixed in uptime, once, so that a step of the wall clock cannot move it. */
  function begin(load: DesiredLoad): void {
    const remainingMs = load.startedAtMs + load.durationMs - clock.now();
    if (remainingMs > 0) processes.begin(load, remainingMs);
  }

  const describe = (load: DesiredLoad) => ({
    load_id: load.loadId,
    experiment_id: load.experimentId,
    profile: load.profile,
    process_count: load.processCount,
    state: processes.active().some(({ loadId }) => loadId === load.loadId) ? "running" : "completed",
  });

  function put(load: DesiredLoad): Outcome {
    const { loadId, profile, processCount } = load;
    if (disk.stoppedLoads.has(loadId)) return refuse(409, `load ${loadId} was stopped`);
    const known = disk.loads.get(loadId);
    if (known !== undefined) {
      // A retry may carry a later start; the first one counts.
      const same =
        JSON.stringify({ ...known, startedAtMs: 0 }) === JSON.stringify({ ...load, startedAtMs: 0 });
      return same ? { status: 200, body: describe(known) } : refuse(409, `load ${loadId} has other settings`);
    }
    if (!Object.hasOwn(loadProfiles, profile)) {
      return refuse(422, `unknown profile "${profile}"`, { profiles: Object.keys(loadProfiles) });
    }
    const busy = processes.active().reduce((sum, { processCount }) => sum + processCount, 0);
    if (busy + processCount > processesMax) {
      return refuse(422, `${busy} processes run already; at most ${processesMax} fit on this node`);
    }
    disk.loads.set(loadId, load);
    const [oldest] = disk.loads.keys();
    if (disk.loads.size > loadsMax && oldest !== undefined) disk.loads.delete(oldest);
    begin(load);
    return { status: 201, body: describe(load) };
  }

  function remove(loadId: string): Outcome {
    disk.loads.delete(loadId);
    disk.stoppedLoads.add(loadId);
    const [oldest] = disk.stoppedLoads;
    if (disk.stoppedLoads.size > stoppedLoadsMax && oldest !== undefined) disk.stoppedLoads.delete(oldest);
    processes.end(loadId);
    return { status: 204, body: {} };
  }

  return {
    put,
    remove,
    list: () => ({ status: 200, body: { loads: [...disk.loads.values()].map(describe) } }),
    offeredPointsPerSecond: () =>
      processes.active().reduce((sum, { metricsPerSecond }) => sum + metricsPerSecond, 0),
  };
}
