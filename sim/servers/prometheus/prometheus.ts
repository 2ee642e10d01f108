/**
 * One Prometheus process: scrapes, evaluates rules and answers its HTTP API.
 *
 * It holds no samples: they are on the disk, which is the storage, and outlive it.
 */
import type { Clock, HttpClient, HttpHandler, Logger } from "../../../src/ports/index.js";
import { createApi } from "./api/index.js";
import { parseConfig, type PrometheusConfig, type PrometheusConfigInput } from "./config.js";
import { createEngine, type Dialect, type Engine, type QueryResult } from "./promql/index.js";
import { createRuleManager } from "./rules/index.js";
import { createScrapePool, type TargetStatus } from "./scrape/index.js";
import type { Storage } from "./storage.js";

export interface PrometheusOptions {
  /** The text of `prometheus.yml`, or the same as an object; `rule_files` holds rule files, not their names. */
  readonly config: string | PrometheusConfigInput;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly logger: Logger;
  /** 2 gives the rules of Prometheus 2.42. @default 3 */
  readonly dialect?: Dialect;
}

export interface Prometheus {
  /** The HTTP API. */
  readonly handle: HttpHandler;
  /** Begins to scrape and to evaluate rules. */
  start(): void;
  /** Stops both. Series stay as they are: a process that goes away marks nothing stale. */
  stop(): void;
  /**
   * Evaluates a query at one moment.
   *
   * @param timeMs - Milliseconds since the epoch. @default now
   * @throws PromqlParseError or PromqlExecutionError, as the API would refuse it.
   */
  query(expr: string, timeMs?: number): QueryResult;
  /** Evaluates a query from `startMs` to `endMs`, both included, every `stepMs`. */
  queryRange(expr: string, startMs: number, endMs: number, stepMs: number): QueryResult;
  /** The active targets of all jobs. */
  targets(): readonly TargetStatus[];
}

interface Understood {
  readonly config: PrometheusConfig;
  /** Remembers what it parsed. */
  readonly engine: Engine;
}

// A world starts in less time than its rules take to parse, so an object that comes again is not read again.
const understood: Readonly<Record<Dialect, WeakMap<object, Understood>>> = {
  2: new WeakMap(),
  3: new WeakMap(),
};

function understand(input: string | PrometheusConfigInput, dialect: Dialect): Understood {
  const known = typeof input === "string" ? undefined : understood[dialect].get(input);
  if (known !== undefined) return known;
  const config = parseConfig(input);
  const fresh = { config, engine: createEngine({ dialect, defaultStepMs: config.evaluationIntervalMs }) };
  if (typeof input !== "string") understood[dialect].set(input, fresh);
  return fresh;
}

/**
 * @param options - A `config` given as an object must not change afterwards.
 * @throws SimError `SIM_OPTION_INVALID` or `SIM_UNSUPPORTED` for a configuration that is not understood.
 */
export function createPrometheus(options: PrometheusOptions): Prometheus {
  const { storage, clock, dialect = 3 } = options;
  const { config, engine } = understand(options.config, dialect);
  const version = dialect === 3 ? "3.14.0" : "2.42.0";
  const pools = config.scrapeConfigs.map((job) =>
    createScrapePool({ ...options, config: job, dialect, userAgent: `Prometheus/${version}` }),
  );
  const rules = createRuleManager({ ...options, config, engine });
  const handle = createApi({ config, engine, storage, pools, rules, version, now: () => clock.now() });
  return {
    handle,
    start() {
      for (const pool of pools) pool.start();
      rules.start();
    },
    stop() {
      for (const pool of pools) pool.stop();
      rules.stop();
    },
    query: (expr, timeMs) => engine.instant(storage, expr, timeMs ?? Math.round(clock.now())),
    queryRange: (expr, startMs, endMs, stepMs) => engine.range(storage, expr, startMs, endMs, stepMs),
    targets: () => pools.flatMap((pool) => pool.targets()),
  };
}
