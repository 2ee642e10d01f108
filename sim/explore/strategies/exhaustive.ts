/**
 * Exhaustive search: every run of a small world once, depth first, each run entering one branch that an
 * earlier one passed by.
 *
 * Sleep sets leave out runs that only swap independent events: Godefroid, "Partial-Order Methods for the
 * Verification of Concurrent Systems", LNCS 1032, 1996. Events of different hosts count as independent. A
 * check that compares two hosts between any two events is not covered by that; pass `independent` then.
 */
import type { Candidate, ChoiceKind, ChoicePoint } from "../../kernel/index.js";
import { defaultDriver } from "../../kernel/index.js";
import type { Branch, RunDriver, Strategy } from "./strategy.js";

export interface ExhaustiveOptions {
  /** Kinds of questions to branch at; all others are answered 0. Delays branch between shortest and longest. @default order and fault */
  readonly kinds?: readonly ChoiceKind[];
  /** Questions of one run, from its start, at which to branch. @default 400 */
  readonly depthMax?: number;
  /** Whether two runnable events lead to the same state in either order. @default on different hosts */
  readonly independent?: (one: Candidate, other: Candidate) => boolean;
}

export function exhaustiveStrategy(options: ExhaustiveOptions = {}): Strategy {
  return {
    name: "exhaustive",
    driverFor({ run, seed }, { branches, firstRun }) {
      const branch = branches[run - firstRun];
      return branch === undefined ? undefined : enter(branch, seed, options);
    },
  };
}

function enter(branch: Branch, seed: number, options: ExhaustiveOptions): RunDriver {
  const { kinds = ["order", "fault"], depthMax = 400, independent = onDifferentHosts } = options;
  const path: number[] = [];
  const found: Branch[] = [];
  let asleep: readonly number[] = [];
  let redundant = false;
  let truncated = false;

  function answer(point: ChoicePoint): number {
    const depth = path.length;
    const known = branch.answers[depth];
    if (known !== undefined) return known;
    if (depth === branch.answers.length) asleep = branch.asleep;
    if (redundant) return 0;
    if (depth >= depthMax) {
      truncated = true;
      return 0;
    }
    return point.candidates === undefined ? plain(point) : ordered(point.candidates);
  }

  function plain({ kind, n }: ChoicePoint): number {
    const others = kind === "latency" ? [n - 1] : Array.from({ length: n - 1 }, (_, index) => index + 1);
    for (const other of others) found.push({ answers: [...path, other], asleep });
    return 0;
  }

  function ordered(candidates: readonly Candidate[]): number {
    const sleeping = candidates.filter(({ sequence }) => asleep.includes(sequence));
    const awake = candidates.filter(({ sequence }) => !asleep.includes(sequence));
    const first = awake[0];
    if (first === undefined) {
      redundant = true;
      return 0;
    }
    awake.forEach((next, index) => {
      const covered = [...sleeping, ...awake.slice(0, index)].filter((event) => independent(event, next));
      const asleepThen = covered.map(({ sequence }) => sequence);
      if (index === 0) asleep = asleepThen;
      else found.push({ answers: [...path, candidates.indexOf(next)], asleep: asleepThen });
    });
    return candidates.indexOf(first);
  }

  const defaultAnswer = defaultDriver(seed);
  return {
    strategy: "exhaustive",
    seed,
    choose(point) {
      if (!kinds.includes(point.kind)) return 0;
      const value = answer(point);
      path.push(value);
      return value;
    },
    entropy: defaultAnswer.entropy,
    runFeedback: () => ({ branches: found, truncated }),
  };
}

function onDifferentHosts(one: Candidate, other: Candidate): boolean {
  return one.owner !== undefined && other.owner !== undefined && one.owner.name !== other.owner.name;
}
