/**
 * The processes of one load. Time is brought up lazily: whoever asks, and whenever, sees the same processes at the
 * same uptime, because ends of life and churn happen at instants that only the seed decides.
 */
import { fractionOf, hashText, mix } from "./hash.js";
import { shareOut, type LoadProfile, type ProcessPattern } from "./load-profile.js";
import { createProcess, type SimulatedProcess } from "./process.js";

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
export const pidsPerProcess = 64;

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
  function endLives(slot: Slot, uptimeMs: number): void {
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
      endLives(slot, atMs);
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
        endLives(slot, uptimeMs);
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
      const firstLife = fractionOf(mix(mix(seed, index), hashText("first life")));
      slots.push({
        index,
        pattern,
        name: pattern.numbered === true ? `${pattern.name}-${number}` : pattern.name,
        generation: 0,
        startMs,
        endMs: startMs + (pattern.lifetimeMs ?? Number.POSITIVE_INFINITY) * (firstLife + 0.001),
      });
    }
  }
  return slots;
}
