/** The processes of a node: its own and those of its loads. */
import type { Clock } from "../../src/ports/index.js";
import type { DesiredLoad, NodeDisk } from "./disk.js";
import { hashText, mix } from "./hash.js";
import { loadProfiles } from "./load-profile.js";
import type { ResolvedNodeOptions } from "./node-options.js";
import { refuse, type Outcome } from "./outcome.js";
import { createProcessPool, pidsPerProcess, type ProcessPool } from "./process-pool.js";
import type { SimulatedProcess } from "./process.js";
import type { Sample } from "./sample.js";

export interface NodeLoadOptions {
  readonly clock: Clock;
  readonly disk: NodeDisk;
  readonly options: ResolvedNodeOptions;
  /** Decides everything about the processes of this boot. */
  readonly seed: number;
  readonly uptimeMs: () => number;
}

export interface NodeLoad {
  /** Starts a load. The same request again changes nothing. */
  put(load: DesiredLoad): Outcome;
  /** Stops a load for good. Idempotent. */
  remove(loadId: string): Outcome;
  list(): Outcome;
  /** Everything that runs now, up to date. */
  samples(): readonly Sample[];
  /** Points per second that running loads offer. */
  offeredPointsPerSecond(): number;
  resetCounters(): void;
}

interface RunningLoad {
  readonly load: DesiredLoad;
  readonly pool: ProcessPool;
  readonly endMs: number;
}

const pidFirst = 1000;
const loadsMax = 1000;

/** Boots a node: starts its own processes, and again the loads that its disk knows. */
export function createNodeLoad({ clock, disk, options, seed, uptimeMs }: NodeLoadOptions): NodeLoad {
  const running = new Map<string, RunningLoad>();
  let nextPid = pidFirst;
  const background = startBackground();
  let listedMs = Number.NaN;
  let processes: readonly SimulatedProcess[] = [];
  let samples: readonly Sample[] = [];
  for (const load of disk.loads.values()) begin(load);

  function startPool(name: string, processCount: number, poolSeed: number): ProcessPool | undefined {
    const profile = Object.hasOwn(loadProfiles, name) ? loadProfiles[name] : undefined;
    if (profile === undefined) return undefined;
    const pool = createProcessPool({
      profile,
      processCount,
      startMs: uptimeMs(),
      seed: poolSeed,
      pidFirst: nextPid,
    });
    nextPid += processCount * pidsPerProcess;
    return pool;
  }

  function startBackground(): ProcessPool | undefined {
    const { backgroundProfile, backgroundProcessCount } = options;
    if (backgroundProfile === "none") return undefined;
    return startPool(backgroundProfile, backgroundProcessCount, mix(seed, hashText("background")));
  }

  /** The end is fixed in uptime, once, so that a step of the wall clock cannot move it. */
  function begin(load: DesiredLoad): void {
    const endMs = uptimeMs() + load.startedAtMs + load.durationMs - clock.now();
    if (endMs <= uptimeMs()) return;
    const pool = startPool(load.profile, load.processCount, mix(seed, hashText(load.loadId)));
    if (pool !== undefined) running.set(load.loadId, { load, pool, endMs });
    listedMs = Number.NaN;
  }

  const active = (): RunningLoad[] => [...running.values()].filter(({ endMs }) => endMs > uptimeMs());

  function look(): void {
    const nowMs = uptimeMs();
    if (nowMs !== listedMs) {
      const pools = [...(background ? [background] : []), ...active().map(({ pool }) => pool)];
      processes = pools.flatMap((pool) => pool.at(nowMs));
      samples = processes.map(({ sample }) => sample);
      listedMs = nowMs;
    }
    for (const process of processes) process.update(nowMs);
  }

  const describe = (load: DesiredLoad) => ({
    load_id: load.loadId,
    experiment_id: load.experimentId,
    profile: load.profile,
    process_count: load.processCount,
    state: active().some((item) => item.load.loadId === load.loadId) ? "running" : "completed",
  });

  return {
    put: (load) => {
      const { loadId, profile, processCount } = load;
      if (disk.stoppedLoads.has(loadId)) return refuse(409, `load ${loadId} was stopped`);
      const known = disk.loads.get(loadId);
      if (known !== undefined) {
        const same = JSON.stringify(known) === JSON.stringify(load);
        return same
          ? { status: 200, body: describe(known) }
          : refuse(409, `load ${loadId} runs with other settings`);
      }
      if (!Object.hasOwn(loadProfiles, profile)) {
        return refuse(422, `unknown profile "${profile}"`, { profiles: Object.keys(loadProfiles) });
      }
      const busy = active().reduce((sum, { load }) => sum + load.processCount, 0);
      if (busy + processCount > options.loadProcessesMax) {
        return refuse(
          422,
          `${busy} processes run already; at most ${options.loadProcessesMax} fit on this node`,
        );
      }
      const [oldest] = disk.loads.keys();
      if (disk.loads.size >= loadsMax && oldest !== undefined) disk.loads.delete(oldest);
      disk.loads.set(loadId, load);
      begin(load);
      return { status: 201, body: describe(load) };
    },
    remove: (loadId) => {
      disk.loads.delete(loadId);
      disk.stoppedLoads.add(loadId);
      running.delete(loadId);
      listedMs = Number.NaN;
      return { status: 204, body: {} };
    },
    list: () => ({ status: 200, body: { loads: [...disk.loads.values()].map(describe) } }),
    samples: () => {
      look();
      return samples;
    },
    offeredPointsPerSecond: () => active().reduce((sum, { load }) => sum + load.metricsPerSecond, 0),
    resetCounters: () => {
      look();
      for (const process of processes) process.resetCounters(uptimeMs());
    },
  };
}
