/** Creating experiments, once for each idempotency key. */
import { createHash } from "node:crypto";

import { canTransition, isTerminal, parseCreateRequest, type Experiment } from "../model/index.js";
import { ValidationError, isPlainObject, isUnset } from "../shared/index.js";
import {
  ConflictError,
  findExperiment,
  findHandledRequest,
  freshExperiment,
  inTransaction,
  insertEvent,
  insertExperiment,
  listOpenExperimentsOfTenant,
  markDeleted,
  renameExperiment,
  takeIdempotencyKey,
  type HandledRequest,
  type NewExperiment,
} from "../store/index.js";
import { experimentView, readExperiment } from "./experiment-view.js";
import { ApiError, notFound, reply, type Reply } from "./http.js";
import type { Call } from "./route.js";

const keyMax = 255;

/**
 * Creates an experiment.
 *
 * With an `Idempotency-Key` the key is taken in the transaction of the insert: of requests that carry the same
 * one, at the same time or after a lost reply, one has an effect and all get its reply, word for word.
 *
 * @throws ApiError `IDEMPOTENCY_KEY_REUSED` when the key belongs to another body.
 */
export async function createExperiment(call: Call): Promise<Reply> {
  const { context, identity } = call;
  const spec = parseCreateRequest(call.body);
  const key = call.headers["idempotency-key"];
  if (key !== undefined && (key === "" || key.length > keyMax)) {
    throw new ApiError("VALIDATION_ERROR", `the idempotency key must have 1 to ${keyMax} characters`);
  }
  const atMs = await context.time.now();
  const made = {
    id: context.ids.next(),
    tenantId: identity.tenantId,
    createdBy: identity.userId,
    atMs,
    spec,
  };
  const text = JSON.stringify(experimentView(freshExperiment(made)));
  if (key === undefined) await insertExperiment(context.sql, made);
  else {
    const scope = `${identity.tenantId}/${identity.userId}/${key}`;
    const handled = { scope, body_hash: digest(call.body), experiment_id: made.id, reply: text };
    if (!(await insertOnce(call, made, handled))) return replay(call, handled);
  }
  context.metrics.created();
  context.announcer.started(made.id);
  return created(made.id, text);
}

/** @returns False when the key is taken: nothing is inserted then. */
function insertOnce(call: Call, made: NewExperiment, handled: HandledRequest): Promise<boolean> {
  return inTransaction(call.context.sql, async (connection) => {
    if (!(await takeIdempotencyKey(connection, handled, made.atMs))) return false;
    await insertExperiment(connection, made);
    return true;
  });
}

async function replay(call: Call, asked: HandledRequest): Promise<Reply> {
  const handled = await findHandledRequest(call.context.sql, asked.scope);
  // Its transaction was seen and then rolled back: the client may simply try again.
  if (handled === undefined)
    throw new ApiError("SERVICE_UNAVAILABLE", "the first request is not settled, try again");
  if (handled.body_hash !== asked.body_hash) {
    throw new ApiError("IDEMPOTENCY_KEY_REUSED", "this idempotency key was used with another body");
  }
  // The first request may have died before it published anything.
  call.context.announcer.started(handled.experiment_id);
  return created(handled.experiment_id, handled.reply);
}

function created(id: string, text: string): Reply {
  return reply(201, text, { "content-type": "application/json", location: `/api/v1/experiments/${id}` });
}

// Of the parsed body with sorted keys: a client that builds it anew may order it differently.
function digest(body: unknown): string {
  const canonical = JSON.stringify(body, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(canonical).digest("hex");
}

// Changing what people may change of an experiment: its name and its description.

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
  call.context.announcer.published(seen.id);
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

// Starting, cancelling and deleting: what people do to the state of an experiment.

// Each failed attempt means that the controller made a step in between, and a life has few of them.
const attemptsMax = 8;

/**
 * Makes sure that an experiment starts. It does so by itself, so this only hurries a pending one.
 *
 * @throws ApiError `INVALID_TRANSITION` when it has ended.
 */
export async function startExperiment(call: Call): Promise<Experiment> {
  const experiment = await readExperiment(call);
  if (isTerminal(experiment.state)) throw invalid(experiment, "started");
  if (experiment.state === "pending") call.context.announcer.started(experiment.id);
  return experiment;
}

/**
 * Cancels an experiment. One that is cancelled already stays so.
 *
 * @throws ApiError `INVALID_TRANSITION` when it can no longer be cancelled.
 */
export async function stopExperiment(
  call: Call,
  reason: string,
): Promise<{ before: Experiment; after: Experiment }> {
  let experiment = await readExperiment(call);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (experiment.state === "cancelled") return { before: experiment, after: experiment };
    if (!canTransition(experiment.state, "cancelled")) throw invalid(experiment, "stopped");
    const after = await cancel(call, experiment, reason, false);
    if (after !== undefined) return { before: experiment, after };
    experiment = await readExperiment(call);
  }
  throw new ApiError("CONFLICT", "the experiment keeps changing, try again");
}

/** Hides an experiment, and cancels it before where that is possible; an analysis under way runs to its end. */
export async function deleteExperiment(call: Call): Promise<void> {
  let experiment = await readExperiment(call);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const cancellable = canTransition(experiment.state, "cancelled");
    const after = cancellable
      ? await cancel(call, experiment, "deleted", true)
      : await hide(call, experiment);
    if (after !== undefined) return;
    const again = await findExperiment(call.context.sql, experiment.id);
    if (again === undefined || again.deleted) throw notFound("experiment");
    experiment = again;
  }
  throw new ApiError("CONFLICT", "the experiment keeps changing, try again");
}

// Undefined when the state was no longer as seen.
async function cancel(
  call: Call,
  seen: Experiment,
  reason: string,
  alsoDelete: boolean,
): Promise<Experiment | undefined> {
  const { context, identity } = call;
  const atMs = await context.time.now();
  try {
    const after = await inTransaction(context.sql, async (connection) => {
      const cancelled = await context.transition(connection, {
        seen,
        to: "cancelled",
        reason,
        triggeredBy: identity.userId,
        atMs,
        fenced: false,
      });
      if (!alsoDelete) return cancelled;
      const deleted = await markDeleted(connection, seen.id, atMs);
      if (deleted === undefined) throw new ConflictError(`${seen.id} is deleted`);
      await insertEvent(connection, eventOf(call, deleted, atMs));
      return deleted;
    });
    context.announcer.changed(seen.id);
    return after;
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
}

async function hide(call: Call, seen: Experiment): Promise<Experiment | undefined> {
  const { context } = call;
  const atMs = await context.time.now();
  const after = await inTransaction(context.sql, async (connection) => {
    const deleted = await markDeleted(connection, seen.id, atMs);
    if (deleted !== undefined) await insertEvent(connection, eventOf(call, deleted, atMs));
    return deleted;
  });
  if (after !== undefined) context.announcer.published(seen.id);
  return after;
}

function eventOf(call: Call, experiment: Experiment, atMs: number) {
  return {
    experiment,
    type: "deleted" as const,
    fromState: experiment.state,
    reason: "deleted",
    triggeredBy: call.identity.userId,
    atMs,
  };
}

function invalid({ state }: Experiment, done: string): ApiError {
  return new ApiError("INVALID_TRANSITION", `an experiment that is ${state} cannot be ${done}`, { state });
}

// Whether a planned experiment shares nodes with living ones. Advice only: nothing is refused for it.

/** @returns Who shares nodes: blocking when it is all of either side, an error from half, else a warning. */
export async function checkOverlap(call: Call): Promise<Record<string, unknown>> {
  const body =
    isPlainObject(call.body) && isUnset(call.body["name"]) ? { ...call.body, name: "check" } : call.body;
  const { target_nodes: planned } = parseCreateRequest(body);
  const open = await listOpenExperimentsOfTenant(call.context.sql, call.identity.tenantId);
  const wanted = new Set(planned);
  let share = 0;
  const ids: string[] = [];
  const nodes = new Set<string>();
  for (const { id, state, target_nodes } of open) {
    const common = isTerminal(state) ? [] : target_nodes.filter((node) => wanted.has(node));
    if (common.length === 0) continue;
    ids.push(id);
    for (const node of common) nodes.add(node);
    share = Math.max(share, common.length / planned.length, common.length / target_nodes.length);
  }
  const partial = share >= 0.5 ? "error" : "warning";
  const severity = ids.length === 0 ? "none" : share === 1 ? "blocking" : partial;
  return {
    has_overlap: ids.length > 0,
    conflicting_exp_ids: ids.sort(),
    affected_nodes: [...nodes].sort(),
    overlap_type: ids.length === 0 ? "none" : share === 1 ? "full" : "partial",
    severity,
    message: ids.length === 0 ? "no overlap" : `${ids.length} experiments share ${nodes.size} nodes`,
    suggestions:
      ids.length === 0 ? [] : ["choose other nodes", "wait until the other experiments have ended"],
  };
}
