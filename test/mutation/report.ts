/** What the mutation tester says: lines for the terminal, and docs/mutation-tests.md. */

export interface Outcome {
  /** The test that failed; null when all passed. */
  readonly by: string | null;
  readonly timedOut: boolean;
}

export interface ModuleOutcome {
  readonly name: string;
  readonly mutants: number;
  readonly killed: number;
  /** Of the killed, those that ran out of time. */
  readonly timedOut: number;
  /** Survivors shown to behave as the original does. */
  readonly equivalent: number;
  readonly survivors: readonly {
    /** Names it in equivalent.json. */
    readonly key: string;
    readonly place: string;
    readonly shown: string;
    readonly changesGolden: boolean;
  }[];
  readonly seconds: number;
}

export function summaryOf({
  name,
  mutants,
  killed,
  timedOut,
  equivalent,
  survivors,
  seconds,
}: ModuleOutcome): string {
  return `${name}: ${mutants} mutants, ${killed} killed (${timedOut} by time), ${equivalent} equivalent, ${survivors.length} survived, ${seconds} s`;
}

export function pageOf(outcomes: readonly ModuleOutcome[]): string {
  const total = (field: (one: ModuleOutcome) => number): number =>
    outcomes.reduce((sum, one) => sum + field(one), 0);
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `| ${name} | ${cells.join(" | ")} |`;
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  const [tried, survived] = [total(({ mutants }) => mutants), total(({ survivors }) => survivors.length)];
  return [
    "# Mutation tests",
    "",
    "A test protects a line when it fails once the line is wrong. `npm run mutation` changes the code of ten modules in",
    "one place at a time (a negated condition, a shifted boundary, a removed statement, a returned `undefined`, a weaker",
    "SQL condition) and runs the unit tests closest to it. A mutant that no test notices has survived.",
    "",
    "```sh",
    "npm run mutation                      # all modules; exits with 3 when more than 15 % survive",
    "npm run mutation -- fabric minimizer  # these modules",
    "npm run mutation -- --count 60        # a larger sample of each; --seed takes another sample",
    "npm run mutation -- --golden          # also says which survivors change a golden trace",
    "npm run mutation -- --write           # also writes this page",
    "```",
    "",
    "The sample is the same on every machine. Mutants that behave as the original does are listed, with the reason, in",
    "`test/mutation/equivalent.json`.",
    "",
    "| Module | Mutants | Killed | By time | Equivalent | Survived |",
    "| --- | --- | --- | --- | --- | --- |",
    ...outcomes.map((one) =>
      row(one.name, [one.mutants, one.killed, one.timedOut, one.equivalent, one.survivors.length]),
    ),
    row("all", [
      tried,
      total(({ killed }) => killed),
      total(({ timedOut }) => timedOut),
      total(({ equivalent }) => equivalent),
      `${survived} (${percent(survived, tried)})`,
    ]),
    "",
    "The survivors, each with its place and the change (an empty right side is a removal):",
    "",
    ...outcomes.flatMap(({ survivors }) =>
      survivors.map(({ place, shown }) => `- ${place}: \`${shown.replaceAll("`", "'")}\``),
    ),
    "",
  ].join("\n");
}
