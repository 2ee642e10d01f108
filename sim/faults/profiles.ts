/**
 * Profiles: which faults may strike in a run, and how likely each is.
 *
 * `swarm` leaves most kinds out of each run (Groce et al., "Swarm Testing", ISSTA 2012): a few kinds at a high rate
 * reach what all of them at a low rate do not.
 */
import { SimError } from "../errors.js";
import { createStreams } from "../kernel/index.js";
import { didYouMean } from "../text.js";
import { faultKinds } from "./catalogue.js";
import type { FaultKind } from "./fault.js";

/** A kind that may strike, and its chance of doing so in a run. */
export interface Armed {
  readonly kind: FaultKind;
  readonly probability: number;
}

/** What a profile arms for one run; depends on the seed alone. */
export type Profile = (seed: number) => readonly Armed[];

const swarmKinds = { min: 3, max: 10 };
// What a scenario itself expects counts only where nothing struck.
const calmOneIn = 8;

function swarm(seed: number): readonly Armed[] {
  const streams = createStreams(seed);
  const draw = (below: number): number => Math.floor((streams.next("swarm") / 2 ** 32) * below);
  if (draw(calmOneIn) === 0) return [];
  const left = [...faultKinds];
  const count = swarmKinds.min + draw(swarmKinds.max - swarmKinds.min + 1);
  return Array.from({ length: count }, () => {
    const [kind] = left.splice(draw(left.length), 1);
    return { kind: kind as FaultKind, probability: 0.4 + 0.2 * draw(3) };
  });
}

const profiles: Readonly<Record<string, Profile>> = {
  calm: () => [],
  swarm,
  hostile: () => faultKinds.map((kind) => ({ kind, probability: 0.12 })),
};

/** Names that `profileNamed` takes: these, and `only-` with the name of a kind. */
export const profileNames: readonly string[] = Object.keys(profiles);

/** @throws SimError `SIM_PROFILE_UNKNOWN` with the nearest name. */
export function profileNamed(name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const only = faultKinds.find(({ kind }) => name === `only-${kind}`);
  if (only !== undefined) return () => [{ kind: only, probability: 0.8 }];
  throw new SimError(
    "SIM_PROFILE_UNKNOWN",
    `There is no profile "${name}".`,
    didYouMean(
      name,
      [...profileNames, ...faultKinds.map(({ kind }) => `only-${kind}`)],
      [...profileNames, "only-<fault>"],
    ),
  );
}
