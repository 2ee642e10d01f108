/** Creating experiments, once for each idempotency key. */
import { createHash } from "node:crypto";
import { parseCreateRequest } from "../model/index.js";
import {
  findHandledRequest,
  freshExperiment,
  inTransaction,
  insertExperiment,
  takeIdempotencyKey,
  type HandledRequest,
  type NewExperiment,
} from "../store/index.js";
import { ApiError } from "./errors.js";
import { experimentView } from "./experiment-view.js";
import { reply, type Reply } from "./reply.js";
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
  // The first request may have died before it told anybody.
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
