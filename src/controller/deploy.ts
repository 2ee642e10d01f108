/** Bringing every collector of an experiment to the version that is wanted. */
import { variants, type Experiment, type Variant } from "../model/index.js";
import type { SqlClient } from "../ports/index.js";
import { experimentDeploymentId, recordDeployment, type GeneratedConfig } from "../store/index.js";
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
export interface CollectorAnswer {
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
