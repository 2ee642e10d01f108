/** The two kinds of lines in a history file, as schemas: other versions and other programs may have written it. */
import { z } from "zod";

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
  resources: z.object({ sqlStatements: count, heapBytes: count, openHandles: count }).exactOptional(),
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
