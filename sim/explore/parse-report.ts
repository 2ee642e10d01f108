/** Reads what a shard wrote: on another machine, perhaps by another version, perhaps cut off. */
import { z } from "zod";

import { SimError } from "../errors.js";
import { type CampaignReport, reportFormat } from "./report.js";

const count = z.int().min(0);
const position = z.int().min(1);
const failure = z.looseObject({ kind: z.string(), code: z.string(), message: z.string() });
const deviation = z.looseObject({ kind: z.string(), label: z.string(), occurrence: count, value: count });
const finding = z.looseObject({
  identity: z.string(),
  scenario: z.string(),
  profile: z.string(),
  world: z.string().optional(),
  failure,
  run: count,
  seed: z.int(),
  strategy: z.string(),
  deviations: z.array(deviation),
  times: count,
});

const report = z.looseObject({
  version: z.string(),
  campaign: z.string(),
  scenario: z.string(),
  profile: z.string(),
  world: z.string().optional(),
  shardCount: position,
  shards: z.array(position).min(1),
  runs: count,
  failed: count,
  steps: count,
  virtualUs: count,
  covered: count,
  cases: z.array(z.looseObject({ id: z.string(), verdict: z.string() })),
  findings: z.array(finding),
  differences: z.array(z.looseObject({ run: count })),
  harmless: z.array(z.string()),
  strategies: z.record(z.string(), z.looseObject({ runs: count, failed: count })),
  sometimes: z.looseObject({ declared: z.array(z.string()), reached: z.array(z.string()) }),
});

/**
 * @param text - What a shard wrote.
 * @param name - The file, for messages.
 * @param version - Of the package that reads: findings are brought back by it.
 * @throws SimError `SIM_SHARD_INVALID` when it is no report of this format and version.
 */
export function parseReport(text: string, name: string, version: string): CampaignReport {
  const value = parseJson(text, name);
  const { format, version: writer } = (value ?? {}) as Partial<CampaignReport>;
  if (format !== reportFormat)
    throw invalid(
      `${name} is no report of format ${reportFormat}: its format is ${JSON.stringify(format) ?? "missing"}.`,
    );
  const parsed = report.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      `${name} is damaged: ${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "not understood"}.`,
    );
  }
  if (writer !== version)
    throw invalid(`${name} was written by version ${String(writer)}, and this is ${version}.`);
  return value as CampaignReport;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${name} is no report: it is not JSON.`, error);
  }
}

function invalid(problem: string, cause?: unknown): SimError {
  return new SimError(
    "SIM_SHARD_INVALID",
    problem,
    "Name files that `explore --report` of this version wrote, unchanged.",
    cause === undefined ? undefined : { cause },
  );
}
