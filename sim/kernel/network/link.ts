/** How long one direction of a link takes. */
import { SimError } from "../../errors.js";
import { checkOptions } from "../../shared/text.js";
import type { ChoiceLog, Incarnation } from "../index.js";

/** Times are virtual milliseconds, one way. */
export interface LinkOptions {
  /** Nominal and shortest delay. @default 0.25 */
  readonly delayMsMin?: number;
  /** Longest delay. Equal to `delayMsMin` means no jitter. @default 2 */
  readonly delayMsMax?: number;
  /** Chance that one attempt to send is lost, from 0 to 1; it is sent again after 200 ms, as TCP does. @default 0 */
  readonly lossProbability?: number;
}

const defaults: Required<LinkOptions> = { delayMsMin: 0.25, delayMsMax: 2, lossProbability: 0 };

/** @throws SimError `SIM_OPTION_INVALID` for negative times, a range upside down, or a chance outside 0 to 1. */
export function resolveLinkOptions(options: LinkOptions = {}): Readonly<Required<LinkOptions>> {
  checkOptions("A link", options, Object.keys(defaults));
  const link = { ...defaults, ...options };
  if (!(link.delayMsMin >= 0 && link.delayMsMin <= link.delayMsMax)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot build a link: delayMsMin is ${link.delayMsMin}, delayMsMax is ${link.delayMsMax}.`,
      "Delays are 0 or more, and delayMsMax is not below delayMsMin; set both to one number for a fixed delay.",
    );
  }
  if (!(link.lossProbability >= 0 && link.lossProbability <= 1)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot build a link: lossProbability is ${link.lossProbability}.`,
      "A probability lies between 0 and 1.",
    );
  }
  return Object.freeze(link);
}

const levels = 16;

/**
 * Draws one delay. Level 0 is the nominal delay; higher levels spread quadratically, so that most delays are
 * short and a few come near the longest.
 */
export function sampleDelayMs(choices: ChoiceLog, link: Required<LinkOptions>, label: string): number {
  if (link.delayMsMax === link.delayMsMin) return link.delayMsMin;
  const level = choices.choose("latency", label, levels) / (levels - 1);
  return link.delayMsMin + (link.delayMsMax - link.delayMsMin) * level * level;
}

// Capacity: a server with so many workers, each busy for a time with each request. What arrives while all are
// busy waits in line, first come, first served (an M/G/k queue in Kendall's notation, fed by the world).

export interface CapacityOptions {
  /** Requests served at the same time. */
  readonly workers: number;
  /** Virtual milliseconds a worker is busy with one request. */
  readonly serviceMs: number;
}

export interface Capacity {
  /** Resolves once a worker has spent its time on this request; never when `incarnation` ends before. */
  serve(incarnation: Incarnation, label: string): Promise<void>;
}

export function createCapacity({ workers, serviceMs }: CapacityOptions): Capacity {
  const freeAtMs = Array.from({ length: workers }, () => 0);
  return {
    async serve(incarnation, label) {
      if (serviceMs === 0) return;
      const now = incarnation.host.monotonic();
      let worker = 0;
      for (let i = 1; i < freeAtMs.length; i++) if (at(freeAtMs, i) < at(freeAtMs, worker)) worker = i;
      const doneAtMs = Math.max(now, at(freeAtMs, worker)) + serviceMs;
      freeAtMs[worker] = doneAtMs;
      await new Promise<void>((resolve) => {
        incarnation.schedule(doneAtMs - now, "task", `${label}/served`, resolve);
      });
    },
  };
}

function at(times: readonly number[], index: number): number {
  return times[index] ?? 0;
}
