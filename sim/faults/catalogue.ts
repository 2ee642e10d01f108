/** Every kind of fault, by name. */
import { SimError } from "../errors.js";
import { didYouMean } from "../text.js";
import { clockKinds } from "./clocks.js";
import { collectorKinds } from "./collectors.js";
import { delayKinds } from "./delays.js";
import type { FaultKind } from "./fault.js";
import { httpAnswerKinds } from "./http-answers.js";
import { lossKinds } from "./losses.js";
import { partitionKinds } from "./partitions.js";
import { processKinds } from "./processes.js";
import { redisKinds } from "./redis.js";
import { statementKinds } from "./statements.js";

/** In a stable order: profiles draw from it by position. Add at the end of a group only with a new version. */
export const faultKinds: readonly FaultKind[] = [
  ...partitionKinds,
  ...delayKinds,
  ...lossKinds,
  ...httpAnswerKinds,
  ...processKinds,
  ...clockKinds,
  ...statementKinds,
  ...redisKinds,
  ...collectorKinds,
];

/** @throws SimError `SIM_FAULT_UNKNOWN` with the nearest name. */
export function faultKindNamed(name: string): FaultKind {
  const found = faultKinds.find(({ kind }) => kind === name);
  if (found !== undefined) return found;
  const names = faultKinds.map(({ kind }) => kind);
  throw new SimError("SIM_FAULT_UNKNOWN", `There is no fault "${name}".`, didYouMean(name, names));
}
