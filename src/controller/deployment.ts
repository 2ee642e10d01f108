/** Bringing every collector of an experiment to the version that is wanted. */
import { variants, type Experiment, type Variant } from "../model/index.js";
import type { SqlClient } from "../ports/index.js";
import { errorText } from "../shared/index.js";
import {
  experimentDeploymentId,
  listLoadsOfExperiment,
  moveLoad,
  recordDeployment,
  startLoad,
  type GeneratedConfig,
  type StoredLoad,
} from "../store/index.js";
import type { ControllerContext } from "./context.js";
import type { CollectorReply } from "./node-client.js";

/** What became of a deployment of both variants. */
export interface Deployed {
  /** Every collector of every node runs the version and is ready. */
  readonly ready: boolean;
  /** Why a node can never run it; undefined when none said so. */
  readonly invalid: string | undefined;
  /** Someone has deployed a newer version, or removed the collectors. */
  readonly stale: boolean;
  /** What is missing, for people. */
  readonly missing: string;
  readonly replies: readonly CollectorAnswer[];
}

/** The answer of one node about one variant. */
interface CollectorAnswer {
  readonly node: string;
  readonly variant: Variant;
  readonly reply: CollectorReply;
}

/** Tells every node what to run. Asking again for the same version changes nothing. */
export async function deploy(
  context: ControllerContext,
  experiment: Experiment,
  config: GeneratedConfig,
): Promise<Deployed> {
  const jobs = experiment.target_nodes.flatMap((node) => variants.map((variant) => ({ node, variant })));
  const replies = await Promise.all(
    jobs.map(async ({ node, variant }): Promise<CollectorAnswer> => {
      const spec = {
        experimentId: experiment.id,
        variant,
        version: config.version,
        config: variant === "baseline" ? config.baseline_config : config.candidate_config,
      };
      return { node, variant, reply: await context.parts.nodes.putCollector(node, spec) };
    }),
  );
  const lacking = replies.filter(({ reply }) => !(reply.kind === "accepted" && reply.ready));
  const invalid = replies.map(({ reply }) => (reply.kind === "invalid" ? reply.errors : undefined));
  return {
    ready: lacking.length === 0,
    invalid: invalid.find((errors) => errors !== undefined),
    stale: replies.some(({ reply }) => reply.kind === "stale"),
    missing: lacking
      .map(({ node, variant, reply }) => `${variant} on ${node}: ${describe(reply)}`)
      .join("; "),
    replies,
  };
}

/** Stores what a deployment came to, for people and for the scraper. */
export async function recordProgress(
  sql: SqlClient,
  experiment: Experiment,
  version: number,
  deployed: Deployed,
  atMs: number,
): Promise<void> {
  for (const variant of variants) {
    const endpoints: Record<string, number> = {};
    let readyNodes = 0;
    for (const answer of deployed.replies) {
      if (answer.variant !== variant || answer.reply.kind !== "accepted") continue;
      endpoints[answer.node] = answer.reply.port;
      if (answer.reply.ready) readyNodes += 1;
    }
    const complete = readyNodes === experiment.target_nodes.length;
    await recordDeployment(sql, {
      id: experimentDeploymentId(experiment.id, variant),
      status: complete ? "active" : "pending",
      phase: complete ? "running" : "deploying",
      readyNodes,
      appliedVersion: complete ? version : experiment.applied_version,
      endpoints,
      atMs,
    });
  }
}

function describe(reply: CollectorReply): string {
  if (reply.kind === "failed") return reply.reason;
  if (reply.kind === "invalid") return reply.errors;
  return reply.kind === "stale" ? "has a newer version" : "not ready";
}

// Load simulations of an experiment: telling its nodes, and noticing their end.

/** What is left to do about loads. */
export interface ReconciledLoads {
  /** Whether every node has got everything. */
  readonly settled: boolean;
  /** When the next load ends; undefined when none runs. */
  readonly nextEndMs: number | undefined;
}

/**
 * Starts what waits and closes what is over.
 *
 * @param again - Tell nodes also of loads that they have confirmed: one of them may have restarted.
 */
export async function reconcileLoads(
  context: ControllerContext,
  experiment: Experiment,
  nowMs: number,
  again: boolean,
): Promise<ReconciledLoads> {
  let settled = true;
  let nextEndMs: number | undefined;
  for (const load of await listLoadsOfExperiment(context.sql, experiment.id)) {
    if (load.state !== "pending" && load.state !== "running") continue;
    const startMs = load.started_at ?? nowMs;
    const endMs = startMs + load.duration_ms;
    if (nowMs >= endMs) {
      await moveLoad(context.sql, load.id, load.state, "completed");
      continue;
    }
    nextEndMs = Math.min(endMs, nextEndMs ?? endMs);
    if (load.started_at === null) await startLoad(context.sql, load.id, startMs);
    if (load.state === "running" && !again) continue;
    if (!(await notifyNodes(context, experiment, load, startMs))) settled = false;
    else if (load.state === "pending") await moveLoad(context.sql, load.id, "pending", "running");
  }
  return { settled, nextEndMs };
}

/**
 * Ends every load of an experiment that has ended.
 *
 * @throws Error when a node did not confirm, or somebody who was overtaken has moved a load meanwhile.
 */
export async function stopLoads(context: ControllerContext, experiment: Experiment): Promise<void> {
  // No node hears of loads before the experiment runs.
  const nodes = experiment.config_version > 0 ? experiment.target_nodes : [];
  for (const load of await listLoadsOfExperiment(context.sql, experiment.id)) {
    if (load.state !== "pending" && load.state !== "running") continue;
    await Promise.all(nodes.map((node) => context.parts.nodes.deleteLoad(node, load.id)));
    if (!(await moveLoad(context.sql, load.id, load.state, "stopped")))
      throw new Error(`load ${load.id} is not ${load.state} any more`);
  }
}

async function notifyNodes(
  context: ControllerContext,
  experiment: Experiment,
  load: StoredLoad,
  startMs: number,
): Promise<boolean> {
  const replies = await Promise.allSettled(
    experiment.target_nodes.map((node) => context.parts.nodes.putLoad(node, load, startMs)),
  );
  const failed = replies.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    context.logger.warn("a node did not take a load", { load: load.id, error: errorText(failed.reason) });
  }
  return failed === undefined;
}
