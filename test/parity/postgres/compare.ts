/** Plays scripts on both servers and counts what is the same. */
import type { Arm } from "./arms.js";
import { play, type Script, type Transcript } from "./transcript.js";

export interface FeatureCount {
  readonly feature: string;
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
}

export interface Difference {
  readonly feature: string;
  readonly name: string;
  readonly simulated: Transcript;
  readonly real: Transcript;
}

export interface Comparison {
  readonly features: readonly FeatureCount[];
  readonly differences: readonly Difference[];
}

/** How often the real server is asked again before a difference counts. */
const replaysMax = 4;

/**
 * Plays a script on both. Where waiters race for a changed row, or two deadlock timers for one cycle, the real server
 * itself answers now so, now so, depending on the load of the machine; the simulated answer must be one of those.
 */
export async function playBoth(
  simulated: Arm,
  real: Arm,
  script: Script,
): Promise<{ own: Transcript; other: Transcript; equal: boolean }> {
  const own = await play(simulated, script);
  const wanted = JSON.stringify(own);
  let other = await play(real, script);
  for (let replay = 0; replay < replaysMax && JSON.stringify(other) !== wanted; replay += 1) {
    other = await play(real, script);
  }
  return { own, other, equal: JSON.stringify(other) === wanted };
}

export async function compare(simulated: Arm, real: Arm, scripts: readonly Script[]): Promise<Comparison> {
  const counts = new Map<string, { equal: number; different: number; unsupported: number }>();
  const differences: Difference[] = [];
  for (const script of scripts) {
    const count = counts.get(script.feature) ?? { equal: 0, different: 0, unsupported: 0 };
    counts.set(script.feature, count);
    const { own, other, equal } = await playBoth(simulated, real, script);
    if (equal) count.equal += 1;
    else if (JSON.stringify(own).includes("SIM_UNSUPPORTED")) count.unsupported += 1;
    else {
      count.different += 1;
      differences.push({ feature: script.feature, name: script.name, simulated: own, real: other });
    }
  }
  return { features: [...counts].map(([feature, count]) => Object.assign({ feature }, count)), differences };
}

/** The first step on which two transcripts part, for messages. */
export function firstDifference(simulated: Transcript, real: Transcript): string {
  const at = simulated.findIndex((line, index) => JSON.stringify(line) !== JSON.stringify(real[index]));
  const before = simulated.slice(0, Math.max(at, 0)).map((line) => `   ${line.step}`);
  return [
    ...before,
    `>> ${simulated[at]?.step ?? "end"}`,
    `simulated: ${JSON.stringify(simulated[at])}`,
    `real:      ${JSON.stringify(real[at])}`,
  ].join("\n");
}
