/** Everything that runs on a node now: its own processes and those of its loads. */
import type { DesiredLoad } from "./disk.js";
import { hashText, mix } from "./hash.js";
import { loadProfiles } from "./load-profile.js";
import { createProcessPool, pidsPerProcess, type ProcessPool } from "./process-pool.js";
import type { SimulatedProcess } from "./process.js";
import type { Sample } from "./sample.js";

export interface ProcessTableOptions {
  readonly backgroundProfile: string;
  readonly backgroundProcessCount: number;
  /** Decides everything about the processes of this boot. */
  readonly seed: number;
  readonly uptimeMs: () => number;
}

export interface ProcessTable {
  /** Starts the processes of a load, which end by themselves after `durationMs`. */
  begin(load: DesiredLoad, durationMs: number): void;
  end(loadId: string): void;
  /** Loads whose processes run now. */
  active(): readonly DesiredLoad[];
  /** All processes, up to date. */
  samples(): readonly Sample[];
  resetCounters(): void;
}

interface RunningLoad {
  readonly load: DesiredLoad;
  readonly pool: ProcessPool;
  readonly endMs: number;
}

const pidFirst = 1000;

/** Boots with the node's own processes; `none` as profile leaves it bare. */
export function createProcessTable(options: ProcessTableOptions): ProcessTable {
  const { backgroundProfile, backgroundProcessCount, seed, uptimeMs } = options;
  const running = new Map<string, RunningLoad>();
  let nextPid = pidFirst;
  const background = startPool(backgroundProfile, backgroundProcessCount, "background");
  let listedMs = Number.NaN;
  let processes: readonly SimulatedProcess[] = [];
  let samples: readonly Sample[] = [];

  function startPool(profileName: string, processCount: number, name: string): ProcessPool | undefined {
    const profile = Object.hasOwn(loadProfiles, profileName) ? loadProfiles[profileName] : undefined;
    if (profile === undefined) return undefined;
    const poolSeed = mix(seed, hashText(name));
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

  function dropEnded(): void {
    for (const [loadId, { endMs }] of running) if (endMs <= uptimeMs()) running.delete(loadId);
  }

  /** Lists who lives now; the values are brought up to date at each look. */
  function look(): void {
    const nowMs = uptimeMs();
    if (nowMs !== listedMs) {
      dropEnded();
      const pools = [...running.values()].map(({ pool }) => pool);
      if (background !== undefined) pools.unshift(background);
      processes = pools.flatMap((pool) => pool.at(nowMs));
      samples = processes.map(({ sample }) => sample);
      listedMs = nowMs;
    }
    for (const process of processes) process.update(nowMs);
  }

  return {
    begin: (load, durationMs) => {
      const pool = startPool(load.profile, load.processCount, `load ${load.loadId}`);
      if (pool !== undefined) running.set(load.loadId, { load, pool, endMs: uptimeMs() + durationMs });
      listedMs = Number.NaN;
    },
    end: (loadId) => {
      running.delete(loadId);
      listedMs = Number.NaN;
    },
    active: () => {
      dropEnded();
      return [...running.values()].map(({ load }) => load);
    },
    samples: () => {
      look();
      return samples;
    },
    resetCounters: () => {
      look();
      for (const process of processes) process.resetCounters(uptimeMs());
    },
  };
}
