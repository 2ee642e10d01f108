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
import { createDatabaseTime, errorText, eventsChannel, hintsChannel, parseHint } from "../shared/index.js";
import { createAgenda } from "./agenda.js";
import type { ControllerContext } from "./context.js";
import { createControllerHandler } from "./handler.js";
import { createLeaseWatch } from "./lease-watch.js";
import { createControllerMetrics } from "./metrics.js";
import { createNodesInUse } from "./nodes-in-use.js";
import { resolveControllerOptions, type ControllerOptions } from "./options.js";
import { controllerParts, type ControllerParts } from "./parts.js";
import { createReconciler } from "./reconciler.js";
import { createSleeper } from "./sleeper.js";
import { createSweep } from "./sweep.js";
import { createTick } from "./tick.js";

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
  const agenda = createAgenda({ clock, logger, metrics: context.metrics, options, reconcile });
  const tick = createTick(context, agenda, watch, createSweep(context));
  let running = false;
  let unsubscribe = (): void => undefined;
  let cancelTick = (): void => undefined;

  const hint = (message: string): boolean => {
    const parsed = running ? parseHint(message) : undefined;
    if (parsed !== undefined) agenda.add(parsed.id, parsed.kind === "start" ? "starting" : "steady");
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
      await Promise.race([agenda.stop(), sleeper.pause(options.shutdownGraceMs, "shutdown-grace")]);
      sleeper.wakeAll();
    },
  };
}
