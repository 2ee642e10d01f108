/** The experiment controller: ports in, handlers out. */
import { createPrometheusClient } from "../analysis/index.js";
import type {
  Cache,
  Clock,
  HttpClient,
  HttpReply,
  HttpRequest,
  Logger,
  Random,
  SqlPool,
} from "../ports/index.js";
import {
  createDatabaseTime,
  errorText,
  eventsChannel,
  hintsChannel,
  jsonReply,
  parseHint,
  textReply,
} from "../shared/index.js";
import { listScrapedDeployments } from "../store/index.js";
import {
  createControllerMetrics,
  createLeaseWatch,
  createNodesInUse,
  type ControllerContext,
} from "./context.js";
import {
  controllerParts,
  resolveControllerOptions,
  type ControllerOptions,
  type ControllerParts,
} from "./options.js";
import { createReconcileQueue } from "./reconcile-queue.js";
import { createReconciler } from "./reconciler.js";
import { createSweep, createTick } from "./tick.js";

// What the controller answers over HTTP: health, metrics, and which collectors there are to scrape.

/** @param hint - Takes the body of a hint. @returns Whether it was one. */
function createControllerHandler(
  context: ControllerContext,
  hint: (body: string) => boolean,
): (request: HttpRequest) => Promise<HttpReply> {
  return async ({ method, url, body }) => {
    const { pathname } = new URL(url, "http://controller");
    switch (`${method} ${pathname}`) {
      case "GET /health":
      case "GET /ready":
        return jsonReply(200, { status: "ok" });
      case "GET /metrics":
        return textReply(200, await context.metrics.text(), context.metrics.contentType);
      case "GET /sd/collectors":
        return collectors(context);
      case "POST /hints":
        return hint(body) ? jsonReply(202, { accepted: true }) : jsonReply(400, { error: "not a hint" });
      default:
        return jsonReply(404, { error: `no such route: ${method} ${pathname}` });
    }
  };
}

// The format of Prometheus HTTP service discovery. An error makes Prometheus keep what it had.
async function collectors({ sql }: ControllerContext): Promise<HttpReply> {
  try {
    const deployments = await listScrapedDeployments(sql);
    const groups = deployments.flatMap(({ experiment_id, variant, endpoints }) =>
      Object.entries(endpoints)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        // What the collectors themselves say about experiment and variant must not clash with a target's label.
        .map(([node, port]) => ({
          targets: [`${node}:${port}`],
          labels: { node, __meta_phoenix_experiment_id: experiment_id, __meta_phoenix_variant: variant },
        })),
    );
    return jsonReply(200, groups);
  } catch {
    return jsonReply(503, { error: "the database cannot be asked" });
  }
}

// Waiting that can be cut short.

interface Sleeper {
  /** Waits. @returns False when it was cut short. */
  sleep(delayMs: number, label: string): Promise<boolean>;
  /** Waits also after the first `wakeAll`, until the next one. */
  pause(delayMs: number, label: string): Promise<boolean>;
  /** Cuts every wait short, and each later `sleep` at once. */
  wakeAll(): void;
}

/** Creates a sleeper with nobody asleep. */
function createSleeper(clock: Clock): Sleeper {
  const wakers = new Set<() => void>();
  let closed = false;
  const pause = (delayMs: number, label: string): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (slept: boolean): void => {
        cancel();
        wakers.delete(wake);
        resolve(slept);
      };
      const wake = (): void => end(false);
      const cancel = clock.setTimer(delayMs, label, () => end(true));
      wakers.add(wake);
    });
  return {
    pause,
    sleep: (delayMs, label) => (closed ? Promise.resolve(false) : pause(delayMs, label)),
    wakeAll: () => {
      closed = true;
      for (const wake of wakers) wake();
    },
  };
}

/** How long a node may be silent until it counts as taken away. */
const awayMs = 86_400_000;

export interface ControllerPortsAndOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly cache: Cache;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly options?: ControllerOptions;
  /** Replaces single pieces, as tests do. */
  readonly parts?: Partial<ControllerParts>;
}

export interface Controller {
  /** Answers `/metrics`, `/health`, `/ready`, `/sd/collectors` and `POST /hints`. */
  handle(request: HttpRequest): Promise<HttpReply>;
  /** Begins to work. What the database refuses is tried again at the next tick. */
  start(): Promise<void>;
  /** Ends after the steps under way, or after the grace period. */
  stop(): Promise<void>;
}

/**
 * Creates a controller. Any number of them may share a database.
 *
 * @throws RangeError when an option is out of range.
 */
export function createController(given: ControllerPortsAndOptions): Controller {
  const { clock, sql, cache, http, logger } = given;
  const options = resolveControllerOptions(given.options);
  const parts = controllerParts(given, options, given.parts);
  const sleeper = createSleeper(clock);
  const context: ControllerContext = {
    clock,
    sql,
    http,
    logger,
    options,
    parts,
    time: parts.time ?? createDatabaseTime(clock, sql),
    prometheus: createPrometheusClient(http, options),
    metrics: createControllerMetrics(),
    owner: parts.ids.next(),
    // Failing to tell is no failure: gateways look for themselves.
    announce: (id) => void cache.publish(eventsChannel, id).catch(() => undefined),
    sleep: sleeper.sleep,
    drifted: new Set(),
    nodesInUse: createNodesInUse(options.sweepTicks, Math.ceil(awayMs / options.tickMs)),
  };
  const watch = createLeaseWatch(clock, options.leaseMs);
  const reconcile = createReconciler(context, watch);
  const reconcileQueue = createReconcileQueue({
    clock,
    logger,
    metrics: context.metrics,
    options,
    reconcile,
  });
  const tick = createTick(context, reconcileQueue, watch, createSweep(context));
  let running = false;
  let unsubscribe = (): void => undefined;
  let cancelTick = (): void => undefined;

  const hint = (message: string): boolean => {
    const parsed = running ? parseHint(message) : undefined;
    if (parsed !== undefined) reconcileQueue.add(parsed.id, parsed.kind === "start" ? "starting" : "steady");
    return parsed !== undefined;
  };

  async function tickAndPlan(): Promise<void> {
    try {
      await tick();
    } catch (error) {
      logger.warn("tick failed", { error: errorText(error) });
    }
    if (running) cancelTick = clock.setTimer(options.tickMs, "controller-tick", () => void tickAndPlan());
  }

  return {
    handle: createControllerHandler(context, hint),
    start: async () => {
      if (running) return;
      running = true;
      unsubscribe = cache.subscribe(hintsChannel, hint);
      await tickAndPlan();
    },
    stop: async () => {
      running = false;
      unsubscribe();
      cancelTick();
      sleeper.wakeAll();
      await Promise.race([reconcileQueue.stop(), sleeper.pause(options.shutdownGraceMs, "shutdown-grace")]);
      sleeper.wakeAll();
    },
  };
}
