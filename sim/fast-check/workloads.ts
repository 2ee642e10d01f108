/** Arbitraries of what clients ask for. */
import { type Arbitrary, constantFrom, integer, record, stringMatching, uniqueArray } from "fast-check";

import { pipelineNames } from "../../src/model/index.js";
import { checkOptions } from "../check-options.js";
import { SimError } from "../errors.js";
import type { CreateExperiment } from "../client/index.js";

export interface CreateRequestsOptions {
  /** Nodes of the world. @default node1, node2 and node3 */
  readonly nodes?: readonly string[];
  /** Longest duration of an experiment, in seconds. @default 300 */
  readonly secondsMax?: number;
}

/**
 * Bodies of create requests that the platform accepts; they shrink to the one with only a short name.
 *
 * @throws SimError `SIM_OPTION_INVALID`.
 */
export function createRequests(options: CreateRequestsOptions = {}): Arbitrary<CreateExperiment> {
  checkOptions("createRequests", options, ["nodes", "secondsMax"]);
  const { nodes = ["node1", "node2", "node3"], secondsMax = 300 } = options;
  if (nodes.length === 0)
    throw invalid("no nodes", "Name some, or leave nodes out for node1, node2 and node3.");
  if (!Number.isSafeInteger(secondsMax) || secondsMax < 1)
    throw invalid(`secondsMax ${String(secondsMax)}`, "Give a whole number of seconds, 1 or more.");
  return record(
    {
      name: stringMatching(/^[a-z][a-z0-9-]{2,30}$/),
      description: stringMatching(/^[ -~]{0,40}$/),
      baseline_pipeline: constantFrom(...pipelineNames),
      candidate_pipeline: constantFrom(...pipelineNames),
      target_nodes: uniqueArray(constantFrom(...nodes), { minLength: 1 }),
      config: record({ duration: integer({ min: 1, max: secondsMax }).map((seconds) => `${seconds}s`) }),
    },
    { requiredKeys: ["name", "config"] },
  );
}

function invalid(found: string, hint: string): SimError {
  return new SimError("SIM_OPTION_INVALID", `createRequests got ${found}.`, hint);
}
