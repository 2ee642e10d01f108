/** Finding the experiment that a request is about. */
import type { Experiment } from "../model/index.js";
import { findExperiment } from "../store/index.js";
import { notFound } from "./errors.js";
import type { Call } from "./route.js";
import { assertSeen } from "./tenant.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @returns Whether a text can be the id of something at all; the database would refuse others. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/**
 * @param id - Id of the experiment. @default the part `{id}` of the path
 * @throws ApiError `NOT_FOUND` when there is none, `AUTHORIZATION_ERROR` when it is another tenant's.
 */
export async function readExperiment(call: Call, id = call.params["id"] ?? ""): Promise<Experiment> {
  const experiment = isUuid(id) ? await findExperiment(call.context.sql, id) : undefined;
  if (experiment === undefined) throw notFound("experiment");
  assertSeen(call.context.guard, call.identity, experiment);
  if (experiment.deleted) throw notFound("experiment");
  return experiment;
}
