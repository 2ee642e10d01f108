/**
 * A small bench: each figure is the median of several rounds after a warm-up.
 *
 * Comparisons are ratios taken within one run, both sides in turn in every round, so that a slow machine or a
 * noisy minute weighs on both alike.
 */

interface BenchOptions {
  /** Unit of the figure, such as `steps/s`. */
  readonly unit: string;
  /** What the figure should reach. @default none: the figure is only shown */
  readonly goal?: number;
  /** Which way is better. @default "more" */
  readonly better?: "more" | "less";
  /** Rounds that count. @default 5 */
  readonly rounds?: number;
  /** Rounds before them. @default 1 */
  readonly warmups?: number;
}

/** @returns One figure, in the unit of its bench. */
type Measure = () => Promise<number> | number;

/** `ok` is true without a goal; `goal` is null then. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number | null;
  readonly ok: boolean;
  readonly better: "more" | "less";
  /** Each round, in order. */
  readonly rounds: readonly number[];
}

export interface Suite {
  bench(name: string, options: BenchOptions, measure: Measure): void;
  /** The figure is that of `one` over that of `other`, and has no unit. */
  ratio(name: string, options: Omit<BenchOptions, "unit">, one: Measure, other: Measure): void;
  /** Runs the benches whose name the pattern matches, one after the other, in the order they were added. */
  run(options?: {
    readonly pattern?: RegExp;
    readonly onResult?: (result: BenchResult) => void;
  }): Promise<readonly BenchResult[]>;
}

interface Bench {
  readonly name: string;
  readonly options: BenchOptions;
  readonly measure: Measure;
}

export function createSuite(): Suite {
  const benches: Bench[] = [];
  return {
    bench(name, options, measure) {
      benches.push({ name, options, measure });
    },
    ratio(name, options, one, other) {
      benches.push({
        name,
        options: { ...options, unit: "x" },
        measure: async () => {
          const numerator = await one();
          return numerator / (await other());
        },
      });
    },
    async run({ pattern = /(?:)/, onResult } = {}) {
      const results: BenchResult[] = [];
      for (const bench of benches.filter(({ name }) => pattern.test(name))) {
        const result = await runBench(bench);
        results.push(result);
        onResult?.(result);
      }
      return results;
    },
  };
}

async function runBench({ name, options, measure }: Bench): Promise<BenchResult> {
  const { unit, goal, better = "more", rounds = 5, warmups = 1 } = options;
  const figures: number[] = [];
  for (let round = -warmups; round < rounds; round++) {
    const figure = await measure();
    if (round >= 0) figures.push(figure);
  }
  const value = median(figures);
  const ok = goal === undefined || (better === "more" ? value >= goal : value <= goal);
  return { name, value, unit, goal: goal ?? null, ok, better, rounds: figures };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}
