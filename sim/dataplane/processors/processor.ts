/** What a processor is to a pipeline. */
import type { z } from "zod";
import type { OttlCompiler } from "../ottl/index.js";
import type { Sample } from "../sample.js";

/** Judges each sample by itself: gives it back, changed or not, or drops it with undefined. */
export interface EachStage {
  readonly type: "each";
  /** The outcome depends on metric values; otherwise it may be remembered for the life of a sample. */
  readonly dynamic: boolean;
  readonly apply: (sample: Sample) => Sample | undefined;
}

/** Looks at all samples of a scrape together. */
export interface AllStage {
  readonly type: "all";
  readonly run: (samples: readonly Sample[]) => readonly Sample[];
  /** Forgets what was counted so far. */
  readonly reset: () => void;
}

export type Stage = EachStage | AllStage;

/** What a processor may use while it is built. */
export interface ProcessorTools {
  readonly ottl: OttlCompiler;
  readonly hostName: string;
}

export interface ProcessorKind {
  /** The part of a component name before the slash. */
  readonly kind: string;
  /**
   * Builds one stage, with its own memory, for one pipeline.
   *
   * @throws ConfigProblem or OttlError when the configuration is not valid.
   */
  build(config: unknown, tools: ProcessorTools): Stage;
}

/** A configuration that a collector refuses. */
export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}

/** Reads a component's configuration; an empty one may be written as nothing. */
export function readConfig<Value>(schema: z.ZodType<Value>, config: unknown): Value {
  const result = schema.safeParse(config ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`,
  );
  throw new ConfigProblem(problems.join("; "));
}

/** A stage that lets everything through. */
export const passThrough: EachStage = { type: "each", dynamic: false, apply: (sample) => sample };
