/**
 * The history file: one JSON document a line, appended whole, so that several commands may write at once.
 *
 * A file over its limit becomes `<file>.1`, in place of the one before, and a new one begins. Renaming loses no
 * line: a writer that has the old file open goes on writing to it under its new name.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

import { makeFolder } from "../../shared/folders.js";

// The two kinds of lines in a history file, as schemas: other versions and other programs may have written it.

/** Version of the lines. Lines of another version are reported and left out, never guessed at. */
export const recordFormat = 1;

const count = z.number().int().nonnegative();
const amount = z.number().nonnegative();

const stamp = {
  format: z.literal(recordFormat),
  /** Shared by all lines of one command. */
  run: z.string().min(1),
  /** When the command started, in UTC. */
  at: z.iso.datetime(),
  /** Version of the simulator. */
  version: z.string().min(1),
};

const scenarioSchema = z.object({
  kind: z.literal("scenario"),
  ...stamp,
  scenario: z.string().min(1),
  seed: count,
  ok: z.boolean(),
  /** Code of the error, when it failed. */
  error: z.string().exactOptional(),
  virtualMs: amount,
  wallMs: amount,
  events: count,
  traceHash: z.string(),
  resources: z
    .object({
      sqlStatements: count,
      heapBytes: count,
      openHandles: count,
      /** Types of the handles, as Node names them. Older lines have none. */
      openHandleTypes: z.array(z.string()).readonly().exactOptional(),
    })
    .exactOptional(),
  coverage: z
    .object({
      /** Operations of the OpenAPI document. */
      operations: count,
      /** Statuses answered, by operation. */
      seen: z.record(z.string(), z.array(count)),
    })
    .exactOptional(),
});

const runSchema = z.object({
  kind: z.literal("run"),
  ...stamp,
  /** Whether every scenario took part. */
  complete: z.boolean(),
  /** Scenario runs, and how many of them failed. */
  scenarios: count,
  failed: count,
  wallMs: amount,
  coverage: z
    .object({
      operations: count,
      covered: count,
      answers: count,
      answersSeen: count,
      missing: z.array(z.string()),
      undeclared: z.array(z.string()),
    })
    .exactOptional(),
});

const recordSchema = z.discriminatedUnion("kind", [scenarioSchema, runSchema]);

/** One scenario under one seed. */
export type ScenarioRecord = Readonly<z.infer<typeof scenarioSchema>>;
/** One `phoenix-sim run`: what its scenarios make together. */
export type RunRecord = Readonly<z.infer<typeof runSchema>>;
export type HistoryRecord = ScenarioRecord | RunRecord;

/** @returns The record, or why the line is none. */
export function parseRecord(line: string): HistoryRecord | { readonly broken: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { broken: "it is not JSON, perhaps only half written" };
  }
  const { success, data, error } = recordSchema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  return {
    broken: issue === undefined ? "it has another form" : `${issue.path.join(".")}: ${issue.message}`,
  };
}

/** A line that could not be read. */
export interface BrokenLine {
  readonly file: string;
  /** Counting from 1. */
  readonly line: number;
  readonly reason: string;
}

/** Everything kept, oldest first. */
export interface History {
  readonly scenarios: readonly ScenarioRecord[];
  readonly runs: readonly RunRecord[];
  readonly broken: readonly BrokenLine[];
}

export interface AppendOptions {
  /** Size from which the file is set aside. @default 4 MiB, some 4,000 scenario runs */
  readonly bytesMax?: number;
  /** Unix milliseconds; tells a lock of a command that died from one in use. */
  readonly nowMs: number;
}

const lockAgeMsMax = 60_000;
const newline = 10;

/** Appends records as whole lines; makes the folder when it is missing. @throws Error of `node:fs`. */
export function appendToHistory(
  file: string,
  records: readonly HistoryRecord[],
  { bytesMax = 4 * 2 ** 20, nowMs }: AppendOptions,
): void {
  makeFolder(dirname(file));
  if (sizeOf(file) > bytesMax) setAside(file, bytesMax, nowMs);
  const descriptor = openSync(file, "a+");
  try {
    // A line that was cut off must cost only itself.
    const start = endsWithin(descriptor) ? "\n" : "";
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    appendFileSync(descriptor, start + lines);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads `<file>.1` and then `file`; files that are missing count as empty. @throws Error of `node:fs`. */
export function readHistory(file: string): History {
  const scenarios: ScenarioRecord[] = [];
  const runs: RunRecord[] = [];
  const broken: BrokenLine[] = [];
  for (const each of [`${file}.1`, file].filter((name) => existsSync(name))) {
    readFileSync(each, "utf8")
      .split("\n")
      .forEach((text, index) => {
        if (text.trim() === "") return;
        const record = parseRecord(text);
        if ("broken" in record) broken.push({ file: each, line: index + 1, reason: record.broken });
        else if (record.kind === "scenario") scenarios.push(record);
        else runs.push(record);
      });
  }
  return { scenarios, runs, broken };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

// Only one command may do this at a time, or the second would set aside the new file and lose the old one.
function setAside(file: string, bytesMax: number, nowMs: number): void {
  const lock = `${file}.lock`;
  const lockedAt = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (lockedAt !== undefined && nowMs - lockedAt > lockAgeMsMax) rmSync(lock, { force: true });
  try {
    closeSync(openSync(lock, "wx"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  try {
    if (sizeOf(file) > bytesMax) renameSync(file, `${file}.1`);
  } finally {
    rmSync(lock, { force: true });
  }
}

function endsWithin(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return false;
  const last = new Uint8Array(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0] !== newline;
}
