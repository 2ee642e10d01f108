/** Everything that runs on a node now: its own processes and those of its loads. */
import { loadProfiles, shareOut, type LoadProfile, type ProcessPattern } from "./load-profile.js";
import type { ProcessMetric } from "../../../src/generator/index.js";
import type { Attributes, Cell, Metric } from "./metrics.js";
import type { DesiredLoad } from "./node-options.js";
import { cpuSeconds, cpuShare, memoryMb, type Behaviour } from "./process-behaviour.js";
import { fractionOf, hashText, mix } from "./rotating-memo.js";

// One simulated process: who it is, and its metrics at any age.

interface ProcessIdentity {
  readonly name: string;
  readonly pid: number;
  readonly owner: string;
  readonly cpu: Behaviour;
  readonly memory: Behaviour;
  /** Milliseconds of node uptime at which it began. */
  readonly startMs: number;
  /** Everything undetermined about the process follows from it. */
  readonly seed: number;
}

export interface SimulatedProcess {
  /** All resource attributes that a collector may read. */
  readonly attributes: Attributes;
  /** The same object for the whole life of the process; its numbers are those of now. */
  metric(facts: ProcessMetric): Metric;
  /** Brings the numbers to `uptimeMs`. */
  update(uptimeMs: number): void;
  /** Lets counters begin at 0 again, as of `uptimeMs`. */
  resetCounters(uptimeMs: number): void;
}

const megabyte = 1 << 20;
const pageBytes = 4096;
const ioBytesPerCpuSecond = 64 * pageBytes;
/** Memory of a node. */
const memoryBytes = 16 * 1024 * megabyte;

/** What all metrics of a process follow from at one moment. */
interface Usage {
  readonly ageS: number;
  /** CPU time since it began, or since its counters did. */
  readonly seconds: number;
  readonly share: number;
  readonly physicalBytes: number;
}

/** What never changes about a process. */
interface Traits {
  readonly threads: number;
  readonly descriptors: number;
  readonly virtualExtraBytes: number;
}

/** One number for each value of the metric's attribute, in its order; one alone without an attribute. */
type Reading = (usage: Usage, traits: Traits) => readonly number[];

/** A quarter of the work is the system's, the rest the user's; nobody waits. */
const byState = (hundredths: number, unit: number): readonly number[] => {
  const system = Math.floor(hundredths / 4);
  return [system / unit, (hundredths - system) / unit, 0];
};
const inHalves = (total: number): readonly number[] => [Math.floor(total / 2), total - Math.floor(total / 2)];

const readings: Readonly<Record<string, Reading>> = {
  // Rounded as a kernel would: CPU time counts in hundredths of a second.
  "process.cpu.time": ({ seconds }) => byState(Math.floor(seconds * 100), 100),
  "process.cpu.utilization": ({ share }) => byState(Math.round(share * 1e4), 1e4),
  "process.memory.usage": ({ physicalBytes }) => [physicalBytes],
  "process.memory.virtual": ({ physicalBytes }, { virtualExtraBytes }) => [physicalBytes + virtualExtraBytes],
  "process.memory.utilization": ({ physicalBytes }) => [(physicalBytes / memoryBytes) * 100],
  "process.disk.io": ({ seconds }) => inHalves(Math.floor(seconds * ioBytesPerCpuSecond)),
  "process.disk.operations": ({ seconds }) =>
    inHalves(Math.floor((seconds * ioBytesPerCpuSecond) / pageBytes)),
  "process.paging.faults": ({ seconds }) => [Math.floor(seconds), Math.floor(seconds * 200)],
  "process.signals_pending": () => [0],
  "process.threads": (_, { threads }) => [threads],
  "process.open_file_descriptors": (_, { descriptors }) => [descriptors],
  "process.context_switches": ({ seconds }) => [Math.floor(seconds * 20), Math.floor(seconds * 120)],
  "process.uptime": ({ ageS }) => [ageS],
};

/** Starts a process. Its values are pure functions of identity and time, but for `resetCounters`. */
function createProcess(identity: ProcessIdentity): SimulatedProcess {
  const { cpu, memory, startMs, seed, name } = identity;
  const phase = fractionOf(mix(seed, 1));
  const threads = 1 + (mix(seed, 2) % 16);
  const traits: Traits = {
    threads,
    descriptors: 8 + threads * 2 + (mix(seed, 3) % 24),
    virtualExtraBytes: (100 + (mix(seed, 4) % 400)) * megabyte,
  };
  const path = `/usr/bin/${name}`;
  const attributes: Attributes = {
    "process.executable.name": name,
    "process.owner": identity.owner,
    "process.pid": identity.pid,
    "process.parent_pid": 1,
    "process.executable.path": path,
    "process.command": path,
    "process.command_line": path,
    "process.cgroup": `0::/system.slice/${name}.service`,
  };
  let resetSeconds = 0;
  let usedMs = 0;
  let usage: Usage | undefined;
  const metrics = new Map<string, Metric>();

  function usageAt(uptimeMs: number): Usage {
    const ageS = Math.max(0, uptimeMs - startMs) / 1000;
    return {
      ageS,
      seconds: cpuSeconds(cpu, ageS, phase) - resetSeconds,
      share: cpuShare(cpu, ageS, phase),
      physicalBytes: Math.round((memoryMb(memory, ageS, phase) * megabyte) / pageBytes) * pageBytes,
    };
  }

  function createMetric({
    description,
    unit,
    type,
    monotonic,
    number,
    attribute,
    name,
  }: ProcessMetric): Metric {
    const reading = readings[name];
    if (reading === undefined) throw new TypeError(`No reading of ${name}.`);
    // Read once for all values of the attribute.
    let [of, values]: [Usage | undefined, readonly number[]] = [undefined, []];
    const cellAt = (index: number): Cell => ({
      get value() {
        usage ??= usageAt(usedMs);
        if (of !== usage) [of, values] = [usage, reading(usage, traits)];
        return values[index] ?? 0;
      },
      before: (uptimeMs) => (uptimeMs <= startMs ? 0 : (reading(usageAt(uptimeMs), traits)[index] ?? 0)),
    });
    const points =
      attribute === undefined
        ? [{ attributes: {}, cell: cellAt(0) }]
        : attribute.values.map((value, index) => ({
            attributes: { [attribute.key]: value },
            cell: cellAt(index),
          }));
    const temporality = type === "sum" ? "cumulative" : "unspecified";
    return { name, description, unit, type, monotonic, temporality, number, points };
  }

  return {
    attributes,
    metric: (facts) => {
      let metric = metrics.get(facts.name);
      if (metric === undefined) {
        metric = createMetric(facts);
        metrics.set(facts.name, metric);
      }
      return metric;
    },
    update: (uptimeMs) => {
      if (uptimeMs === usedMs) return;
      usedMs = uptimeMs;
      usage = undefined;
    },
    resetCounters: (uptimeMs) => {
      resetSeconds = cpuSeconds(cpu, Math.max(0, uptimeMs - startMs) / 1000, phase);
      usage = undefined;
    },
  };
}

// The processes of one load. Time is brought up lazily: whoever asks, and whenever, sees the same processes at the
// same uptime, because ends of life and churn happen at instants that only the seed decides.

export interface ProcessPoolOptions {
  readonly profile: LoadProfile;
  readonly processCount: number;
  /** Milliseconds of node uptime at which the load begins. */
  readonly startMs: number;
  readonly seed: number;
  /** The pool uses `pidsPerProcess * processCount` process ids from here on. */
  readonly pidFirst: number;
}

export interface ProcessPool {
  /** Runs every replacement due up to `uptimeMs`, which must not go back, and lists who lives then. */
  at(uptimeMs: number): readonly SimulatedProcess[];
}

/** Process ids set aside for each place of a pool; they are reused in turn, as a kernel does. */
const pidsPerProcess = 64;

const minuteMs = 60_000;

/** A place in the pool, taken by one process after another. */
interface Slot {
  readonly index: number;
  readonly pattern: ProcessPattern;
  readonly name: string;
  generation: number;
  startMs: number;
  endMs: number;
}

/** Starts the processes of a load. */
export function createProcessPool(options: ProcessPoolOptions): ProcessPool {
  const { profile, processCount, startMs, seed, pidFirst } = options;
  const slots = createSlots(options);
  const replaceable = slots.filter((slot) => slot.pattern.critical !== true);
  const processes = slots.map(spawn);
  const spawned = slots.map((slot) => slot.generation);
  let minute = 0;
  let owed = 0;

  function spawn(slot: Slot): SimulatedProcess {
    const { pattern, index, generation } = slot;
    return createProcess({
      name: slot.name,
      pid: pidFirst + index + (generation % pidsPerProcess) * processCount,
      owner: pattern.owners[index % pattern.owners.length] ?? "root",
      cpu: pattern.cpu,
      memory: pattern.memory,
      startMs: slot.startMs,
      seed: mix(mix(seed, index), generation),
    });
  }

  function replace(slot: Slot, atMs: number): void {
    slot.generation += 1;
    slot.startMs = atMs;
    slot.endMs = atMs + (slot.pattern.lifetimeMs ?? Number.POSITIVE_INFINITY);
  }

  /** Lets lives end up to `uptimeMs`, however many passed since the last look. */
  function endIncarnations(slot: Slot, uptimeMs: number): void {
    const { lifetimeMs } = slot.pattern;
    if (lifetimeMs === undefined || slot.endMs > uptimeMs) return;
    const skipped = Math.floor((uptimeMs - slot.endMs) / lifetimeMs);
    slot.generation += skipped;
    replace(slot, slot.endMs + skipped * lifetimeMs);
  }

  /** Fractions of a process are owed to the next minute, or a small load would never churn. */
  function churn(atMs: number): void {
    owed += (processCount * profile.churnPerHour) / 60;
    const count = Math.min(Math.floor(owed), replaceable.length);
    owed -= Math.floor(owed);
    const taken = new Set<number>();
    for (let pick = 0; pick < count; pick += 1) {
      let place = mix(mix(seed, minute), pick) % replaceable.length;
      while (taken.has(place)) place = (place + 1) % replaceable.length;
      taken.add(place);
      const slot = replaceable[place];
      if (slot === undefined) continue;
      endIncarnations(slot, atMs);
      replace(slot, atMs);
    }
  }

  return {
    at: (uptimeMs) => {
      while (startMs + (minute + 1) * minuteMs <= uptimeMs) {
        minute += 1;
        churn(startMs + minute * minuteMs);
      }
      for (const slot of slots) {
        const before = spawned[slot.index];
        endIncarnations(slot, uptimeMs);
        if (slot.generation === before) continue;
        spawned[slot.index] = slot.generation;
        processes[slot.index] = spawn(slot);
      }
      return processes;
    },
  };
}

function createSlots({ profile, processCount, startMs, seed }: ProcessPoolOptions): Slot[] {
  const slots: Slot[] = [];
  for (const [patternIndex, count] of shareOut(profile.patterns, processCount).entries()) {
    const pattern = profile.patterns[patternIndex];
    if (pattern === undefined) continue;
    for (let number = 1; number <= count; number += 1) {
      const index = slots.length;
      // The first lives end at different times, as if the load had been running for a while.
      const firstIncarnation = fractionOf(mix(mix(seed, index), hashText("first incarnation")));
      slots.push({
        index,
        pattern,
        name: pattern.numbered === true ? `${pattern.name}-${number}` : pattern.name,
        generation: 0,
        startMs,
        endMs: startMs + (pattern.lifetimeMs ?? Number.POSITIVE_INFINITY) * (firstIncarnation + 0.001),
      });
    }
  }
  return slots;
}

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
  /** All processes, up to date; the same list as long as the same ones live. */
  processes(): readonly SimulatedProcess[];
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
      const living = pools.flatMap((pool) => pool.at(nowMs));
      const same =
        living.length === processes.length && living.every((process, index) => process === processes[index]);
      if (!same) processes = living;
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
    processes: () => {
      look();
      return processes;
    },
    resetCounters: () => {
      look();
      for (const process of processes) process.resetCounters(uptimeMs());
    },
  };
}

/** How the agent's parts answer: a status and a JSON value. */
export interface Outcome {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export const refuse = (
  status: number,
  error: string,
  more: Readonly<Record<string, unknown>> = {},
): Outcome => ({
  status,
  body: { error, ...more },
});
