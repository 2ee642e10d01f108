/**
 * One look at one experiment: take it, do the next thing its state asks for, let go.
 *
 * What to do follows from the row alone, never from what happened before, so that it does not matter where the
 * last attempt died.
 */
import { variants, type Experiment, type ExperimentState } from "../model/index.js";
import type { SqlClient } from "../ports/index.js";
import { GenerationRefused, errorText, type GeneratedPair } from "../shared/index.js";
import {
  ConflictError,
  findConfig,
  findExperiment,
  inTransaction,
  insertConfig,
  insertExperimentDeployments,
  insertResults,
  listDeploymentsOfExperiment,
  recordAppliedVersion,
  recordDeployment,
  recordInitStart,
  setConfigVersion,
} from "../store/index.js";
import type { ControllerContext, LeaseWatch, Outcome } from "./context.js";
import { deploy, reconcileLoads, recordProgress, stopLoads } from "./deployment.js";

// Committing a transition, and what belongs into its transaction.

/** Name under which the controller appears in histories. */
const controllerName = "experiment-controller";

/** A transition of the controller. */
interface NewState {
  readonly to: ExperimentState;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** When the new state must end. @default null */
  readonly deadlineMs?: number;
  /** The same as a span, from the moment that the database stores it. @default null */
  readonly spanMs?: number;
}

/**
 * Moves an experiment to its next state, then tells everybody.
 *
 * @param before - Runs first, in the same transaction, still under the lease.
 * @returns The experiment afterwards.
 * @throws ConflictError when someone else has moved or taken it; nothing is stored then.
 */
async function commitTransition(
  context: ControllerContext,
  experiment: Experiment,
  step: NewState,
  before?: (connection: SqlClient) => Promise<void>,
): Promise<Experiment> {
  const transition = { seen: experiment, triggeredBy: controllerName, ...step };
  const after = await inTransaction(context.sql, async (connection) => {
    await before?.(connection);
    return context.parts.transition(connection, transition);
  });
  context.metrics.transitioned(experiment.state, step.to, step.atMs - experiment.state_changed_at);
  context.announce(experiment.id);
  return after;
}

/** Fails an experiment. */
function commitFailure(
  context: ControllerContext,
  experiment: Experiment,
  reason: string,
  atMs: number,
): Promise<Experiment> {
  return commitTransition(context, experiment, { to: "failed", reason, atMs });
}

// `pending`: generate both configurations, then publish `initializing`.
//
// Configurations and deployments are stored in the transaction that makes `initializing` visible, so whoever
// sees that state can read them.

/** Takes an experiment that is held from `pending` to `initializing`. */
async function begin(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, time } = context;
  let pair: GeneratedPair;
  try {
    pair = await parts.generator.generate(experiment, 1, {});
  } catch (error) {
    const nowMs = await time.now();
    if (error instanceof GenerationRefused) {
      return giveUp(context, experiment, `configuration refused: ${error.message}`, nowMs);
    }
    const sinceMs = experiment.init_started_at ?? nowMs;
    if (nowMs - sinceMs >= options.initTimeoutMs) {
      const reason = `no configuration within ${options.initTimeoutMs / 60_000} min: ${errorText(error)}`;
      return giveUp(context, experiment, reason, nowMs);
    }
    await recordInitStart(context.sql, experiment.id, experiment.lease_token, nowMs);
    throw error;
  }
  const atMs = await time.now();
  const step = {
    to: "initializing" as const,
    reason: "configurations generated, deploying collectors",
    atMs,
    deadlineMs: (experiment.init_started_at ?? atMs) + options.initTimeoutMs,
  };
  await commitTransition(context, experiment, step, async (connection) => {
    await insertConfig(connection, {
      experiment_id: experiment.id,
      version: 1,
      ...pair,
      overrides: {},
      created_at: atMs,
    });
    await insertExperimentDeployments(connection, experiment, atMs);
    await setConfigVersion(connection, experiment.id, experiment.lease_token, 1);
  });
  return { kind: "again" };
}

// Nothing leads from pending to failed directly: without a configuration, initializing fails at once.
async function giveUp(
  context: ControllerContext,
  experiment: Experiment,
  reason: string,
  atMs: number,
): Promise<Outcome> {
  await commitTransition(context, experiment, { to: "initializing", reason, atMs, deadlineMs: atMs });
  return { kind: "again" };
}

// `initializing`: deploy both collectors to every node, wait until all are ready, then run.

/** Takes an experiment that is held towards `running`. */
async function initialize(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, sql, time } = context;
  if (experiment.config_version === 0) {
    await commitFailure(context, experiment, experiment.reason, await time.now());
    return { kind: "again" };
  }
  const config = await findConfig(sql, experiment.id, experiment.config_version);
  if (config === undefined) throw new Error(`configuration ${experiment.config_version} is missing`);
  const deployed = await deploy(context, experiment, config);
  const nowMs = await time.now();
  if (deployed.invalid !== undefined) {
    await commitFailure(context, experiment, `a node refused the configuration: ${deployed.invalid}`, nowMs);
    return { kind: "again" };
  }
  if (!deployed.ready) {
    if (experiment.deadline_at !== null && nowMs >= experiment.deadline_at) {
      await commitFailure(
        context,
        experiment,
        `collectors did not come up in time: ${deployed.missing}`,
        nowMs,
      );
      return { kind: "again" };
    }
    await inTransaction(sql, async (connection) => {
      await recordAppliedVersion(
        connection,
        experiment.id,
        experiment.lease_token,
        experiment.applied_version,
      );
      await recordProgress(connection, experiment, config.version, deployed, nowMs);
    });
    await parts.leases.release(sql, experiment.id, experiment.lease_token);
    return { kind: "wait", delayMs: pollDelayMs(experiment, nowMs, options.readyPollMs), lane: "starting" };
  }
  const restMs = experiment.state_changed_at + options.initHoldMs - nowMs;
  if (restMs > 0 && !(await context.sleep(restMs, "initializing-hold"))) {
    await parts.leases.release(sql, experiment.id, experiment.lease_token);
    return { kind: "done" };
  }
  const atMs = await time.now();
  const step = {
    to: "running" as const,
    reason: "all collectors are ready",
    atMs,
    spanMs: experiment.config.duration_ms,
  };
  await commitTransition(context, experiment, step, async (connection) => {
    await recordProgress(connection, experiment, config.version, deployed, atMs);
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, config.version);
  });
  return { kind: "wait", delayMs: experiment.config.duration_ms, lane: "steady" };
}

// Often at first, because most collectors come up at once; seldom for those that do not.
function pollDelayMs(experiment: Experiment, nowMs: number, mostMs: number): number {
  const agedMs = Math.max(0, nowMs - experiment.state_changed_at);
  return Math.min(mostMs, Math.max(1_000, Math.round(agedMs / 2)));
}

// `running`: keep collectors and loads as they should be, and end the run in time.

/** Tends an experiment that is held while it runs. */
async function run(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, sql, time } = context;
  const nowMs = await time.now();
  const endMs = experiment.deadline_at ?? nowMs;
  if (nowMs >= endMs) {
    const step = {
      to: "analyzing" as const,
      reason: `ran for ${experiment.config.duration}`,
      atMs: nowMs,
      deadlineMs: nowMs + options.analysisTimeoutMs,
    };
    await commitTransition(context, experiment, step);
    return { kind: "wait", delayMs: options.analysisHoldMs };
  }
  const drifted = context.drifted.delete(experiment.id);
  const settled = await converge(context, experiment, drifted);
  const loads = await reconcileLoads(context, experiment, nowMs, drifted);
  await parts.leases.release(sql, experiment.id, experiment.lease_token);
  const delays = [endMs - nowMs];
  if (!settled || !loads.settled) delays.push(options.retryFirstMs * 2);
  if (loads.nextEndMs !== undefined) delays.push(loads.nextEndMs - nowMs);
  return { kind: "wait", delayMs: Math.max(0, Math.min(...delays)) };
}

// A version that nodes have not confirmed, or a node that lost its collectors, is deployed again.
async function converge(
  context: ControllerContext,
  experiment: Experiment,
  drifted: boolean,
): Promise<boolean> {
  const { sql, time } = context;
  const version = experiment.config_version;
  if (experiment.applied_version >= version && !drifted) return true;
  const config = await findConfig(sql, experiment.id, version);
  if (config === undefined) throw new Error(`configuration ${version} of ${experiment.id} is missing`);
  const deployed = await deploy(context, experiment, config);
  const atMs = await time.now();
  await inTransaction(sql, async (connection) => {
    const applied = deployed.ready ? version : experiment.applied_version;
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, applied);
    await recordProgress(connection, experiment, version, deployed, atMs);
  });
  if (!deployed.ready) {
    context.drifted.add(experiment.id);
    context.logger.warn("collectors are not as they should be", {
      id: experiment.id,
      missing: deployed.missing,
    });
  }
  return deployed.ready;
}

// `analyzing`: ask Prometheus about the end of the run and judge it.

/** Takes an experiment that is held from `analyzing` to its end. */
async function analyze(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, time } = context;
  const nowMs = await time.now();
  const agoMs = Math.max(0, nowMs - experiment.state_changed_at);
  const restMs = options.analysisHoldMs - agoMs;
  if (restMs > 0) {
    await parts.leases.release(context.sql, experiment.id, experiment.lease_token);
    return { kind: "wait", delayMs: restMs };
  }
  try {
    const measurement = await parts.measure(context.prometheus, experiment.id, agoMs);
    const { results, passed } = parts.judge(measurement, experiment.config.success_criteria);
    const atMs = await time.now();
    const missed = results.criteria.filter(({ met }) => !met).map(({ name }) => name);
    const reason = passed
      ? "every criterion is met"
      : `not met: ${missed.join(", ") || "nothing was measured"}`;
    const step = { to: passed ? ("completed" as const) : ("failed" as const), reason, atMs };
    await commitTransition(context, experiment, step, (connection) =>
      insertResults(connection, experiment.id, results, atMs),
    );
    return { kind: "again" };
  } catch (error) {
    if (experiment.deadline_at === null || nowMs < experiment.deadline_at) throw error;
    const reason = `no analysis within ${options.analysisTimeoutMs / 60_000} min: ${errorText(error)}`;
    await commitFailure(context, experiment, reason, nowMs);
    return { kind: "again" };
  }
}

// Terminal states: remove what runs on nodes, then let go of the experiment.

/** Cleans up after an experiment that is held. Fails, to be tried again, until every node has confirmed. */
async function cleanUp(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { parts, sql, time } = context;
  await stopLoads(context, experiment);
  // Without a configuration nothing was ever deployed.
  if (experiment.config_version > 0) {
    await removeCollectors(context, experiment);
    // No tick may have seen an experiment that lived for seconds; its nodes are looked at all the same.
    for (const node of experiment.target_nodes) context.nodesInUse.mark(node);
    await recordRemoval(context, experiment, await time.now());
  }
  await parts.leases.close(sql, experiment.id, experiment.lease_token);
  context.drifted.delete(experiment.id);
  return { kind: "done" };
}

async function removeCollectors(context: ControllerContext, experiment: Experiment): Promise<void> {
  // Above every version that was ever deployed: a request that is still on its way will be refused.
  const version = experiment.config_version + 1;
  await Promise.all(
    experiment.target_nodes.flatMap((node) =>
      variants.map((variant) => context.parts.nodes.deleteCollector(node, experiment.id, variant, version)),
    ),
  );
}

function recordRemoval({ sql }: ControllerContext, experiment: Experiment, atMs: number): Promise<void> {
  return inTransaction(sql, async (connection) => {
    // Locks the experiment: a holder that was overtaken can no longer record collectors afterwards.
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, experiment.applied_version);
    for (const deployment of await listDeploymentsOfExperiment(connection, experiment.id)) {
      await recordDeployment(connection, {
        id: deployment.id,
        status: "deleting",
        phase: "terminated",
        readyNodes: 0,
        appliedVersion: deployment.applied_version,
        endpoints: {},
        atMs,
      });
    }
  });
}

/** Looks at an experiment. */
export type Reconcile = (id: string) => Promise<Outcome>;

/**
 * @returns A function that looks at an experiment. It throws when a step failed and should be tried again; the
 * experiment has been let go of then, if the database could be reached.
 */
export function createReconciler(context: ControllerContext, watch: LeaseWatch): Reconcile {
  return async (id) => {
    const experiment = await take(context, watch, id);
    if (experiment === undefined) return watchOutcome(context, watch, id);
    try {
      return await steps[experiment.state](context, experiment);
    } catch (error) {
      // Whoever moved the experiment has also let go of it, and has notified us or will be found by the tick.
      if (error instanceof ConflictError) return { kind: "again" };
      // If this fails too, the next attempt takes the experiment from ourselves.
      await context.parts.leases.release(context.sql, id, experiment.lease_token).catch(() => undefined);
      throw error;
    }
  };
}

type Step = (context: ControllerContext, experiment: Experiment) => Promise<Outcome>;

const steps: Readonly<Record<ExperimentState, Step>> = {
  pending: begin,
  initializing: initialize,
  running: run,
  analyzing: analyze,
  completed: cleanUp,
  failed: cleanUp,
  cancelled: cleanUp,
};

async function take(
  context: ControllerContext,
  watch: LeaseWatch,
  id: string,
): Promise<Experiment | undefined> {
  const { leases } = context.parts;
  const abandoned = watch.abandonedToken(id);
  if (abandoned === undefined) return leases.claim(context.sql, id, context.owner);
  watch.forget(id);
  return leases.takeOver(context.sql, id, context.owner, abandoned);
}

// Somebody holds it, or it is closed. A holder gets the length of a lease, by our own clock, to show a change.
async function watchOutcome(context: ControllerContext, watch: LeaseWatch, id: string): Promise<Outcome> {
  const experiment = await findExperiment(context.sql, id);
  if (experiment === undefined || experiment.lease_owner === null) {
    watch.forget(id);
    return { kind: "done" };
  }
  return { kind: "wait", delayMs: watch.observe(id, experiment.lease_token) };
}
