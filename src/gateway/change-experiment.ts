/** Changing what people may change of an experiment: its name and its description. */
import { parseCreateRequest, type Experiment } from "../model/index.js";
import { isPlainObject, isUnset, ValidationError } from "../shared/index.js";
import { inTransaction, insertEvent, renameExperiment } from "../store/index.js";
import { notFound } from "./errors.js";
import { readExperiment } from "./read-experiment.js";
import type { Call } from "./route.js";

/**
 * Changes name and description. Every other field is the server's: clients send whole experiments back, often
 * older ones. What changes nothing writes nothing and tells nobody.
 *
 * @param whole - Whether a missing description means an empty one.
 */
export async function changeExperiment(call: Call, whole: boolean): Promise<Experiment> {
  const seen = await readExperiment(call);
  const { name, description } = readText(call.body, seen, whole);
  if ((name ?? seen.name) === seen.name && (description ?? seen.description) === seen.description)
    return seen;
  const atMs = await call.context.time.now();
  const after = await inTransaction(call.context.sql, async (connection) => {
    const changed = await renameExperiment(connection, { id: seen.id, name, description, atMs });
    if (changed === undefined) throw notFound("experiment");
    await insertEvent(connection, {
      experiment: changed,
      type: "updated",
      fromState: changed.state,
      reason: "name or description changed",
      triggeredBy: call.identity.userId,
      atMs,
    });
    return changed;
  });
  call.context.announcer.told(seen.id);
  return after;
}

interface Texts {
  readonly name: string | undefined;
  readonly description: string | undefined;
}

// What is not mentioned stays undefined, down to the statement: what was read may be old when it is written.
function readText(body: unknown, seen: Experiment, whole: boolean): Texts {
  if (!isPlainObject(body)) throw new ValidationError([{ path: "", message: "body must be a JSON object" }]);
  const inner = [body["spec"], body["experiment"]].find(isPlainObject);
  const fields = { ...body, ...inner };
  // Checked by the rules of a create request, so that no change makes what creating refuses.
  const checked = parseCreateRequest({
    name: isUnset(fields["name"]) && !whole ? seen.name : fields["name"],
    description: fields["description"] ?? (whole ? "" : seen.description),
  });
  const description = fields["description"] ?? undefined;
  return {
    name: whole || !isUnset(fields["name"]) ? checked.name : undefined,
    // An empty description is one that was taken away.
    description: whole || description !== undefined ? checked.description : undefined,
  };
}
