/**
 * How many schedules each strategy needs until it shows the fault of each shape: medians over many campaigns. How
 * many runs it takes to find each wrong variant of the platform, which kind of fault shows which, and how small
 * failures get.
 *
 * Usage: npm run bench:explore -- [--json] [--short] [--only shapes|mutants|faults] [--campaigns N] [--runs N]
 * [--match PATTERN]. Exit code 5 when a goal is missed.
 */
import { parseArgs } from "node:util";

import Table from "cli-table3";

import {
  type Strategy,
  fifoStrategy,
  pctStrategy,
  portfolioStrategy,
  posStrategy,
  randomStrategy,
  urwStrategy,
} from "../../sim/explore/strategies/index.js";
import { hunt } from "../shapes/hunt.js";
import { type Shape, shapes } from "../shapes/index.js";
import { type Figure, isReached, measureFigures, median } from "./explore-figures.js";
import type { FaultRow, MutantRow } from "./explore-mutants.js";
import { measureFaults, measureMutants, mutantFigures, printMutants } from "./explore-mutant-table.js";

/** Median of runs until found; null when half of the campaigns did not find it. */
type Median = number | null;

interface Row {
  readonly kind: "shape";
  readonly name: string;
  readonly medians: Readonly<Record<string, Median>>;
}

const goals = { found: 24, medianMax: 20, worstMax: 100 };

const columns: Readonly<Record<string, Strategy>> = {
  portfolio: portfolioStrategy(),
  uniform: randomStrategy({ latency: "nominal" }),
  fifo: fifoStrategy(),
  pct3: pctStrategy({ depth: 3, latency: "nominal" }),
  pos: posStrategy({ latency: "nominal" }),
  urw: urwStrategy({ latency: "nominal" }),
};

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    campaigns: { type: "string" },
    runs: { type: "string" },
    only: { type: "string" },
    match: { type: "string", default: "" },
  },
});
const campaigns = Number(values.campaigns ?? (values.short ? 25 : 101));
const runsMax = Number(values.runs ?? (values.short ? 400 : 1000));

const wants = (part: string): boolean => values.only === undefined || values.only === part;

const rows: Row[] = [];
const figures: Figure[] = [];
const mutantRows: MutantRow[] = [];
const faultRows: FaultRow[] = [];
if (wants("shapes")) {
  for (const shape of shapes) rows.push(await measure(shape));
  const names = shapes.map(({ name }) => name);
  figures.push(...(await measureFigures(names, values.short ? 2 : 8)));
}
const settings = {
  short: values.short,
  runsMax: Number(values.runs ?? (values.short ? 100 : 1000)),
  match: new RegExp(values.match),
};
if (wants("mutants")) mutantRows.push(...(await measureMutants(settings)));
if (wants("faults")) faultRows.push(...(await measureFaults(settings)));
figures.push(...mutantFigures(mutantRows, faultRows));
const summary = Object.fromEntries(Object.keys(columns).map((name) => [name, summarise(name)]));
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ campaigns, runsMax, goals, rows: [...rows, ...mutantRows, ...faultRows], summary, figures })}\n`,
  );
else {
  if (rows.length > 0) print();
  printMutants(mutantRows, faultRows);
  figures.forEach(printFigure);
}
process.exitCode = reached() ? 0 : 5;

async function measure(shape: Shape): Promise<Row> {
  const medians: Record<string, Median> = {};
  for (const [name, strategy] of Object.entries(columns)) medians[name] = await medianOf(shape, strategy);
  process.stderr.write(`${shape.name}\n`);
  return { kind: "shape", name: shape.name, medians };
}

// Once half of the campaigns have missed, the median is known to be none.
async function medianOf(shape: Shape, strategy: Strategy): Promise<Median> {
  const found: number[] = [];
  let missed = 0;
  for (let campaign = 1; campaign <= campaigns && missed <= campaigns / 2; campaign++) {
    const runs = await hunt(shape, strategy, campaign, runsMax);
    if (runs === undefined) missed += 1;
    else found.push(runs);
  }
  return missed > campaigns / 2 ? null : median([...found, ...Array<number>(missed).fill(Infinity)]);
}

function summarise(column: string): { found: number; median: Median; worst: Median } {
  const medians = rows.map((row) => row.medians[column] ?? Infinity);
  const finite = (value: number): Median => (Number.isFinite(value) ? value : null);
  return {
    found: medians.filter(Number.isFinite).length,
    median: finite(median(medians)),
    worst: finite(Math.max(...medians)),
  };
}

function reached(): boolean {
  if (!figures.every(isReached)) return false;
  if (rows.length === 0) return true;
  const { found, median: middle, worst } = summarise("portfolio");
  return (
    found >= goals.found && (middle ?? Infinity) <= goals.medianMax && (worst ?? Infinity) <= goals.worstMax
  );
}

function print(): void {
  const names = Object.keys(columns);
  const cell = (value: Median | undefined): string => (typeof value === "number" ? String(value) : "-");
  const table = new Table({
    head: ["shape", ...names],
    colAligns: ["left", ...names.map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([row.name, ...names.map((name) => cell(row.medians[name]))]);
  table.push(["found", ...names.map((name) => `${summary[name]?.found ?? 0} of ${rows.length}`)]);
  table.push(["median", ...names.map((name) => cell(summary[name]?.median))]);
  table.push(["worst", ...names.map((name) => cell(summary[name]?.worst))]);
  process.stdout.write(`${table.toString()}\n`);
  process.stdout.write(`Medians over ${campaigns} campaigns of at most ${runsMax} runs; "-" is not found.\n`);
}

function printFigure(figure: Figure): void {
  const value = Number.isInteger(figure.value) ? String(figure.value) : figure.value.toFixed(2);
  const mark = isReached(figure) ? "" : "  MISSED";
  process.stdout.write(`${figure.name}: ${value} (goal: ${figure.is} ${figure.goal})${mark}\n`);
}
