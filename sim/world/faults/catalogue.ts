/** Every kind of fault, by name. */
import { SimError } from "../../errors.js";
import { createStreams } from "../../kernel/index.js";
import { didYouMean } from "../../shared/text.js";
import type { FaultKind } from "./fault.js";
import { delayKinds, httpAnswerKinds, lossKinds, partitionKinds } from "./network-faults.js";
import { clockKinds, collectorKinds, processKinds } from "./process-faults.js";
import { redisKinds, statementKinds } from "./server-faults.js";

/** In a stable order: profiles sample from it by position. Add at the end of a group only with a new version. */
export const faultKinds: readonly FaultKind[] = [
  ...partitionKinds,
  ...delayKinds,
  ...lossKinds,
  ...httpAnswerKinds,
  ...processKinds,
  ...clockKinds,
  ...statementKinds,
  ...redisKinds,
  ...collectorKinds,
];

/** @throws SimError `SIM_FAULT_UNKNOWN` with the nearest name. */
export function faultKindNamed(name: string): FaultKind {
  const found = faultKinds.find(({ kind }) => kind === name);
  if (found !== undefined) return found;
  const names = faultKinds.map(({ kind }) => kind);
  throw new SimError("SIM_FAULT_UNKNOWN", `There is no fault "${name}".`, didYouMean(name, names));
}

// Profiles: which faults may be injected in a run, and how likely each is.
//
// `swarm` leaves most kinds out of each run (Groce et al., "Swarm Testing", ISSTA 2012): a few kinds at a high rate
// reach what all of them at a low rate do not.

/** A kind that may be injected, and its chance of doing so in a run. */
export interface EnabledKind {
  readonly kind: FaultKind;
  readonly probability: number;
}

/** What a profile arms for one run; depends on the seed alone. */
export type Profile = (seed: number) => readonly EnabledKind[];

const swarmKinds = { min: 3, max: 10 };
// What a scenario itself expects counts only where no fault was injected.
const calmOneIn = 8;

function swarm(seed: number): readonly EnabledKind[] {
  const streams = createStreams(seed);
  const sample = (below: number): number => Math.floor((streams.next("swarm") / 2 ** 32) * below);
  if (sample(calmOneIn) === 0) return [];
  const left = [...faultKinds];
  const count = swarmKinds.min + sample(swarmKinds.max - swarmKinds.min + 1);
  return Array.from({ length: count }, () => {
    const [kind] = left.splice(sample(left.length), 1);
    return { kind: kind as FaultKind, probability: 0.4 + 0.2 * sample(3) };
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
