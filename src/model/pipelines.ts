/** The pipelines that exist by name. What a name renders to is the generator's business. */

/** Every pipeline template, in catalogue order. */
export const pipelineNames = [
  "process-baseline-v1",
  "process-priority-filter-v1",
  "process-aggregated-v1",
  "process-topk-v1",
  "process-adaptive-v1",
  "process-intelligent-v1",
  "process-minimal-v1",
] as const;

export type PipelineName = (typeof pipelineNames)[number];

/** Older names that clients still send. */
export const pipelineAliases: Readonly<Record<string, PipelineName>> = {
  "process-adaptive-filter-v1": "process-adaptive-v1",
};

const known: ReadonlySet<string> = new Set(pipelineNames);

/** Pipeline of the baseline when a request names none. */
export const defaultBaselinePipeline: PipelineName = "process-baseline-v1";

/** Pipeline of the candidate when a request names none. */
export const defaultCandidatePipeline: PipelineName = "process-aggregated-v1";

/** @returns The pipeline a name or alias stands for; undefined when there is none. */
export function canonicalPipeline(name: string): PipelineName | undefined {
  if (known.has(name)) return name as PipelineName;
  return Object.hasOwn(pipelineAliases, name) ? pipelineAliases[name] : undefined;
}
