/** Wrong variants of the platform: how many runs until each is found, what it needs, and how small it gets. */
import {
  type Finding,
  createWorldRun,
  failureHashOf,
  formatToken,
  parseToken,
  replay,
  shrink,
} from "../../sim/explore/index.js";
import type { Decision } from "../../sim/kernel/index.js";
import { version } from "../../sim/shared/version.js";
import { huntMutant } from "../mutants/hunt-mutant.js";
import type { Mutant } from "../mutants/index.js";

export interface MutantRow {
  readonly kind: "mutant";
  readonly name: string;
  /** Runs until it was found; null when it was not. */
  readonly runs: number | null;
  /** Identity of the failure that showed it. */
  readonly caughtBy: string | null;
  /** Whether that is what must catch it. */
  readonly expected: boolean;
  readonly profile: string;
  /** Faults without which the shrunk failure is gone. */
  readonly faults: readonly string[];
  readonly shrunk: ShrunkFailure | null;
}

export interface ShrunkFailure {
  /** Decisions, faults among them. */
  readonly decisions: number;
  readonly reruns: number;
  readonly minimal: boolean;
  readonly tokenLength: number;
  /** Whether its token failed the same way at the first try. */
  readonly replayed: boolean;
}

/** Hunts a mutant under the default profile, or its own, and shrinks what was found. */
export async function measureMutant(mutant: Mutant, runsMax: number, shrinks: boolean): Promise<MutantRow> {
  const { name, profile = "swarm", caughtBy } = mutant;
  const { runs, finding } = await huntMutant(mutant, { runsMax, profile });
  if (finding === undefined)
    return {
      kind: "mutant",
      name,
      runs: null,
      caughtBy: null,
      expected: false,
      profile,
      faults: [],
      shrunk: null,
    };
  const small = shrinks ? await shrinkFinding(mutant, finding) : undefined;
  return {
    kind: "mutant",
    name,
    runs,
    caughtBy: finding.identity,
    expected: caughtBy.includes(finding.identity),
    profile,
    faults: faultsOf(small?.decisions ?? finding.decisions),
    shrunk: small?.figures ?? null,
  };
}

/** @returns Kinds of the faults that struck. */
function faultsOf(decisions: readonly Decision[]): readonly string[] {
  const kinds = decisions.map(({ label }) => /^fault\/([a-z-]+)$/.exec(label)?.[1]);
  return [...new Set(kinds.filter((kind) => kind !== undefined))];
}

async function shrinkFinding(
  { platform }: Mutant,
  { scenario, profile, seed, identity, decisions }: Finding,
): Promise<{ readonly decisions: readonly Decision[]; readonly figures: ShrunkFailure }> {
  const runOnce = createWorldRun({ world: { platform } });
  const target = { scenario, profile, seed };
  const shrunk = await shrink({
    decisions,
    async run(tried) {
      const recording = { ...target, decisions: tried, failureHash: failureHashOf(identity) };
      const { verdict, outcome } = await replay(runOnce, recording);
      return { failed: verdict === "same", taken: outcome.decisions };
    },
  });
  const token = formatToken({ ...target, version, failure: identity, decisions: shrunk.decisions });
  const again = await replay(runOnce, parseToken(token, version));
  return {
    decisions: shrunk.decisions,
    figures: {
      decisions: shrunk.decisions.length,
      reruns: shrunk.runs,
      minimal: shrunk.minimal,
      tokenLength: token.length,
      replayed: again.verdict === "same" && again.divergence === undefined,
    },
  };
}

export interface FaultRow {
  readonly kind: "fault";
  readonly name: string;
  /** A mutant that is found under this fault alone, and not without faults; null when none was found. */
  readonly mutant: string | null;
  /** Runs until it was found under `only-<fault>`. */
  readonly runs: number | null;
  /** Runs without faults in which it was not found. */
  readonly calmRuns: number;
}

/** Finds a mutant for each kind of fault among those that name it. */
export async function measureFault(
  kind: string,
  candidates: readonly Mutant[],
  { runsMax, calmRuns }: { readonly runsMax: number; readonly calmRuns: number },
  calm: Map<string, boolean>,
): Promise<FaultRow> {
  for (const mutant of candidates) {
    if (!calm.has(mutant.name)) {
      const { finding } = await huntMutant(mutant, { runsMax: calmRuns, profile: "calm" });
      calm.set(mutant.name, finding !== undefined);
    }
    if (calm.get(mutant.name) === true) continue;
    const { runs, finding } = await huntMutant(mutant, { runsMax, profile: `only-${kind}` });
    if (finding !== undefined && mutant.caughtBy.includes(finding.identity))
      return { kind: "fault", name: kind, mutant: mutant.name, runs, calmRuns };
  }
  return { kind: "fault", name: kind, mutant: null, runs: null, calmRuns };
}
