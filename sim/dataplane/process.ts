/** One simulated process: who it is, and its metrics at any age. */
import { fractionOf, mix } from "./hash.js";
import { allMetrics, metricTable } from "./metric-table.js";
import { cpuSeconds, cpuShare, memoryMb, type Behaviour } from "./process-behaviour.js";
import type { Sample } from "./sample.js";

export interface ProcessIdentity {
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
  /** The same object for the whole life of the process. */
  readonly sample: Sample;
  /** Brings the values of `sample` to `uptimeMs`; cheap when they are there already. */
  update(uptimeMs: number): void;
  /** Lets counters begin at 0 again, as of `uptimeMs`. */
  resetCounters(uptimeMs: number): void;
}

const megabyte = 1 << 20;
const pageBytes = 4096;
const ioBytesPerCpuSecond = 64 * pageBytes;

/** Starts a process. Its values are pure functions of identity and time, but for `resetCounters`. */
export function createProcess(identity: ProcessIdentity): SimulatedProcess {
  const { cpu, memory, startMs, seed } = identity;
  const phase = fractionOf(mix(seed, 1));
  const threads = 1 + (mix(seed, 2) % 16);
  const descriptors = 8 + threads * 2 + (mix(seed, 3) % 24);
  const virtualExtra = (100 + (mix(seed, 4) % 400)) * megabyte;
  const values = new Float64Array(metricTable.length);
  values[5] = threads;
  values[6] = descriptors;
  const sample: Sample = {
    attributes: {
      "process.executable.name": identity.name,
      "process.owner": identity.owner,
      "process.pid": String(identity.pid),
    },
    values,
    metrics: allMetrics,
  };
  let updatedMs = Number.NaN;
  let resetSeconds = 0;

  function update(uptimeMs: number): void {
    if (uptimeMs === updatedMs) return;
    updatedMs = uptimeMs;
    const ageS = Math.max(0, uptimeMs - startMs) / 1000;
    const seconds = cpuSeconds(cpu, ageS, phase) - resetSeconds;
    const physical = Math.round((memoryMb(memory, ageS, phase) * megabyte) / pageBytes) * pageBytes;
    // Rounded as a kernel would: CPU time counts in hundredths of a second.
    values[0] = Math.floor(seconds * 100) / 100;
    values[1] = Math.round(cpuShare(cpu, ageS, phase) * 1e4) / 1e4;
    values[2] = physical;
    values[3] = physical + virtualExtra;
    values[4] = Math.floor(seconds * ioBytesPerCpuSecond);
  }

  return {
    sample,
    update,
    resetCounters: (uptimeMs) => {
      resetSeconds = cpuSeconds(cpu, Math.max(0, uptimeMs - startMs) / 1000, phase);
      updatedMs = Number.NaN;
    },
  };
}
