/** How long one direction of a link takes. */
import { checkOptions } from "../check-options.js";
import { SimError } from "../errors.js";
import type { ChoiceLog } from "../kernel/index.js";

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
export function drawDelayMs(choices: ChoiceLog, link: Required<LinkOptions>, label: string): number {
  if (link.delayMsMax === link.delayMsMin) return link.delayMsMin;
  const level = choices.choose("latency", label, levels) / (levels - 1);
  return link.delayMsMin + (link.delayMsMax - link.delayMsMin) * level * level;
}
