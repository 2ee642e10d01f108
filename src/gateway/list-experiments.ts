/** Lists of experiments, with every way of paging that clients know. */
import { isExperimentState, type Experiment } from "../model/index.js";
import { ValidationError } from "../shared/index.js";
import { findExperiment, listExperimentHeads, type ExperimentHead } from "../store/index.js";
import { flatView } from "./experiment-view.js";
import type { GatewayContext } from "./context.js";
import type { Call } from "./route.js";
import type { Identity } from "./access.js";

/** Query parameters of a list. */
export const listQuery: Readonly<Record<string, string>> = {
  status: "Only this state",
  state: "The same as status",
  owner: "Only of this user id",
  limit: "Experiments of a page; 20, at most 100",
  page_size: "The same as limit",
  per_page: "The same as limit",
  offset: "Experiments to skip",
  page: "Page to read, from 1",
  page_token: "Where the page before ended",
};

const pageDefault = 20;
const pageMax = 100;

/** @returns One page, newest first; ties by id, so that no page repeats or misses one. */
export async function listExperiments(call: Call): Promise<Record<string, unknown>> {
  const { context, identity, query } = call;
  const size = Math.min(pageMax, wholeNumber(query, ["limit", "page_size", "per_page"], 1) ?? pageDefault);
  const page = wholeNumber(query, ["page"], 1);
  const offset = wholeNumber(query, ["offset"], 0) ?? (page === undefined ? 0 : (page - 1) * size);
  const matches = filterOf(query);
  const heads = (await listExperimentHeads(context.sql, identity.tenantId)).filter(matches).sort(newestFirst);
  const token = query.get("page_token") ?? "";
  const following = token === "" ? -1 : heads.findIndex(isAfter(token));
  const afterToken = following < 0 ? heads.length : following;
  const first = token === "" ? offset : afterToken;
  const ids = heads.slice(first, first + size);
  const found = await Promise.all(ids.map(({ id }) => findExperiment(context.sql, id)));
  const visible = found.filter((experiment): experiment is Experiment => experiment !== undefined);
  const experiments = visible.filter(
    (experiment) => context.guard(identity, experiment) && !experiment.deleted,
  );
  const last = ids.at(-1);
  const hasMore = first + size < heads.length;
  return {
    experiments: experiments.map((experiment) => flatView(experiment)),
    total: heads.length,
    has_more: hasMore,
    next_page_token: hasMore && last !== undefined ? tokenOf(last) : "",
  };
}

/** @returns The newest experiments of a tenant, as many as a page may hold. */
export async function newestExperiments(
  { sql, guard }: GatewayContext,
  identity: Identity,
): Promise<Record<string, unknown>[]> {
  const heads = (await listExperimentHeads(sql, identity.tenantId)).sort(newestFirst).slice(0, pageMax);
  const found = await Promise.all(heads.map(({ id }) => findExperiment(sql, id)));
  return found.flatMap((experiment) =>
    experiment === undefined || experiment.deleted || !guard(identity, experiment)
      ? []
      : [flatView(experiment)],
  );
}

function filterOf(query: URLSearchParams): (head: ExperimentHead) => boolean {
  const state = query.get("status") ?? query.get("state") ?? "";
  const owner = query.get("owner") ?? "";
  if (state !== "" && state !== "all" && !isExperimentState(state)) {
    throw new ValidationError([{ path: "status", message: `"${state}" is not a state` }]);
  }
  return (head) =>
    (state === "" || state === "all" || head.state === state) && (owner === "" || head.created_by === owner);
}

function newestFirst(a: ExperimentHead, b: ExperimentHead): number {
  return b.created_at - a.created_at || (a.id < b.id ? -1 : 1);
}

// A token names the last experiment of a page by its place in the order, not by its number in a list that grows.
function tokenOf({ created_at, id }: ExperimentHead): string {
  return `${created_at}_${id}`;
}

function isAfter(token: string): (head: ExperimentHead) => boolean {
  const [at, id = ""] = token.split("_");
  const createdAt = Number(at);
  if (!Number.isFinite(createdAt) || id === "") {
    throw new ValidationError([{ path: "page_token", message: "is not a token of this list" }]);
  }
  const last = { id, created_at: createdAt, state: "", created_by: "" };
  return (head) => newestFirst(last, head) < 0 && head.id !== id;
}

function wholeNumber(query: URLSearchParams, names: readonly string[], min: number): number | undefined {
  const name = names.find((candidate) => query.has(candidate));
  const text = name === undefined ? "" : (query.get(name) ?? "");
  if (name === undefined || text === "") return undefined;
  const value = Number(text);
  // A number that nobody set.
  if (value === 0) return undefined;
  if (!Number.isSafeInteger(value) || value < min) {
    throw new ValidationError([{ path: name, message: `must be a whole number from ${min}` }]);
  }
  return value;
}
