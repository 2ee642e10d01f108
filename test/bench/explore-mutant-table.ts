/** The tables of wrong variants and of kinds of faults, and what must come out of them. */
import Table from "cli-table3";

import { faultKinds } from "../../sim/world/faults/index.js";
import { mutants, witnesses } from "../mutants/index.js";
import { type Figure, median } from "./explore-figures.js";
import { type FaultRow, type MutantRow, measureFault, measureMutant } from "./explore-mutants.js";

export interface TableSettings {
  /** A part of it that takes a minute. */
  readonly short: boolean;
  /** After how many runs a hunt for a mutant gives up. */
  readonly runsMax: number;
  /** Only those with such a name. */
  readonly match: RegExp;
}

/** Hunts every mutant; in short those that nearly every run shows. */
export async function measureMutants({
  short,
  match,
  runsMax,
}: TableSettings): Promise<readonly MutantRow[]> {
  const rows: MutantRow[] = [];
  for (const mutant of mutants) {
    if (!match.test(mutant.name) || (short && mutant.shows !== "always")) continue;
    rows.push(await measureMutant(mutant, runsMax, true));
    const row = rows.at(-1);
    process.stderr.write(`${mutant.name}: ${row?.caughtBy} after ${row?.runs}\n`);
  }
  return rows;
}

/** Looks for a mutant that needs each kind of fault; in short for one kind in ten. */
export async function measureFaults({ short, match }: TableSettings): Promise<readonly FaultRow[]> {
  const rows: FaultRow[] = [];
  const calm = new Map<string, boolean>();
  const limits = short ? { runsMax: 100, calmRuns: 10 } : { runsMax: 300, calmRuns: 150 };
  for (const [index, { kind }] of faultKinds.entries()) {
    if (!match.test(kind) || (short && index % 10 > 0)) continue;
    const candidates = mutants.filter(({ name }) => witnesses[kind]?.includes(name) === true);
    rows.push(await measureFault(kind, candidates, limits, calm));
    const row = rows.at(-1);
    process.stderr.write(`${kind}: ${row?.mutant} after ${row?.runs}\n`);
  }
  return rows;
}

/** @returns What the rows come to, beside the goals. */
export function mutantFigures(rows: readonly MutantRow[], faults: readonly FaultRow[]): readonly Figure[] {
  const share = (part: readonly unknown[], all: readonly unknown[]): number => part.length / all.length;
  const atLeast = (name: string, value: number, goal: number): Figure => ({
    name,
    value,
    goal,
    is: "at least",
  });
  const most = (name: string, value: number, goal: number): Figure => ({ name, value, goal, is: "at most" });
  const figures: Figure[] = [];
  if (rows.length > 0) {
    const found = rows.filter(({ expected }) => expected);
    figures.push(
      atLeast("mutants found by what must catch them, share", share(found, rows), 1),
      atLeast(
        "mutants found within 100 runs, share",
        share(
          found.filter(({ runs }) => (runs ?? 0) <= 100),
          rows,
        ),
        0.9,
      ),
    );
  }
  const shrunk = rows.map((row) => row.shrunk).filter((each) => each !== null);
  if (shrunk.length > 0)
    figures.push(
      most("shrunk mutants: decisions and faults, median", median(shrunk.map((each) => each.decisions)), 8),
      most("shrunk mutants: re-runs, most", Math.max(...shrunk.map((each) => each.reruns)), 300),
      most("shrunk mutants: letters of a token, median", median(shrunk.map((each) => each.tokenLength)), 120),
      atLeast(
        "shrunk mutants: 1-minimal, share",
        share(
          shrunk.filter((each) => each.minimal),
          shrunk,
        ),
        1,
      ),
      atLeast(
        "shrunk mutants: replayed at the first try, share",
        share(
          shrunk.filter((each) => each.replayed),
          shrunk,
        ),
        1,
      ),
    );
  if (faults.length > 0)
    figures.push(
      atLeast(
        "kinds of faults that a mutant needs, share",
        share(
          faults.filter(({ mutant }) => mutant !== null),
          faults,
        ),
        1,
      ),
    );
  return figures;
}

/** Prints both tables; an empty one is left out. */
export function printMutants(rows: readonly MutantRow[], faults: readonly FaultRow[]): void {
  print(
    ["mutant", "runs", "caught by", "profile", "faults", "size", "re-runs", "token"],
    rows.map(({ name, runs, caughtBy, expected, profile, faults: injected, shrunk }) => [
      name,
      String(runs ?? "-"),
      `${caughtBy ?? "-"}${expected ? "" : " (unexpected)"}`,
      profile,
      injected.join(", "),
      String(shrunk?.decisions ?? ""),
      String(shrunk?.reruns ?? ""),
      String(shrunk?.tokenLength ?? ""),
    ]),
  );
  print(
    ["fault", "a mutant that needs it", "runs", "not found in calm runs"],
    faults.map(({ name, mutant, runs, calmRuns }) => [
      name,
      mutant ?? "-",
      String(runs ?? "-"),
      String(calmRuns),
    ]),
  );
}

function print(head: string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
}
