/**
 * How much a process uses, as closed formulas of its age, so that nothing has to tick.
 *
 * Numbers follow the platform's load simulator. Shares are fractions of one CPU; memory is in MB (2^20 bytes).
 */

export type Behaviour = "steady" | "spiky" | "growing" | "random";

const turn = 2 * Math.PI;
const spikePeriodS = 120;
const spikeLengthS = 30;
// Growth ends when the share reaches 0.80.
const growthEndS = 70 * 60;

/** CPU share now. `phase` is a fraction of 1 that keeps processes of one kind apart. */
export function cpuShare(behaviour: Behaviour, ageS: number, phase: number): number {
  switch (behaviour) {
    case "steady":
      return 0.2 + 0.01 * Math.sin(turn * (ageS / 90 + phase));
    case "spiky":
      return inSpike(ageS, phase) ? 0.8 : 0.1;
    case "growing":
      return ageS < growthEndS ? 0.1 + (0.01 * ageS) / 60 : 0.8;
    case "random":
      return (
        0.495 + 0.2475 * (Math.sin(turn * (ageS / 97 + phase)) + Math.sin(turn * (ageS / 37 + 3 * phase)))
      );
    default:
      return unknownBehaviour(behaviour);
  }
}

/** CPU seconds used since the process began: the integral of {@link cpuShare}. */
export function cpuSeconds(behaviour: Behaviour, ageS: number, phase: number): number {
  switch (behaviour) {
    case "steady":
      return 0.2 * ageS + 0.01 * sineIntegral(ageS, 90, phase);
    case "spiky":
      return (
        0.1 * ageS + 0.7 * (spikeSeconds(ageS + phase * spikePeriodS) - spikeSeconds(phase * spikePeriodS))
      );
    case "growing": {
      const growingS = Math.min(ageS, growthEndS);
      return 0.1 * growingS + (0.01 / 120) * growingS * growingS + 0.8 * (ageS - growingS);
    }
    case "random":
      return 0.495 * ageS + 0.2475 * (sineIntegral(ageS, 97, phase) + sineIntegral(ageS, 37, 3 * phase));
    default:
      return unknownBehaviour(behaviour);
  }
}

/** Physical memory in MB. */
export function memoryMb(behaviour: Behaviour, ageS: number, phase: number): number {
  switch (behaviour) {
    case "steady":
      return 50;
    case "spiky":
      return inSpike(ageS, phase) ? 200 : 20;
    case "growing":
      return Math.min(500, 50 + (5 * ageS) / 60);
    case "random":
      return 110 + 50 * (Math.sin(turn * (ageS / 211 + phase)) + Math.sin(turn * (ageS / 83 + 5 * phase)));
    default:
      return unknownBehaviour(behaviour);
  }
}

const inSpike = (ageS: number, phase: number): boolean =>
  (ageS + phase * spikePeriodS) % spikePeriodS < spikeLengthS;

/** Seconds spent in spikes up to `timeS`, when one begins at each multiple of the period. */
const spikeSeconds = (timeS: number): number =>
  Math.floor(timeS / spikePeriodS) * spikeLengthS + Math.min(timeS % spikePeriodS, spikeLengthS);

/** Integral of `sin(turn * (t / periodS + phase))` from 0 to `ageS`. */
const sineIntegral = (ageS: number, periodS: number, phase: number): number =>
  (periodS / turn) * (Math.cos(turn * phase) - Math.cos(turn * (ageS / periodS + phase)));

function unknownBehaviour(behaviour: never): never {
  throw new TypeError(`Unknown behaviour: ${String(behaviour)}.`);
}
