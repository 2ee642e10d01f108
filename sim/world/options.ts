/** Options of a world: their defaults, and what is refused. */
import { SimError } from "../errors.js";
import {
  defaultEpochMs,
  parseDuration,
  resolveLimits,
  type Driver,
  type Duration,
  type LimitOptions,
  type Limits,
  type Step,
} from "../kernel/index.js";
import { resolveLinkOptions, type CapacityOptions, type LinkOptions } from "../kernel/network/index.js";
import type { LogLine } from "../kernel/trace.js";
import { isPostgresMock, type PostgresMock } from "../servers/postgres/index.js";
import { isRedisMock, type RedisMockData } from "../servers/redis/index.js";
import { checkOptions, didYouMean } from "../shared/text.js";
import { checkPlatform, type PlatformOptions } from "./cluster/index.js";
import { profileNamed } from "./faults/index.js";
import { invariants, type Invariant } from "./invariants/index.js";

/** How many instances of each service run. */
export interface Replicas {
  /** @default 1 */
  readonly gateway?: number;
  /** @default 1 */
  readonly controller?: number;
  /** @default 1 */
  readonly generator?: number;
}

/** How much work a server does at the same time, and how long each piece takes. */
export interface Capacities {
  /** HTTP requests of one gateway. @default 8 workers, 0.5 ms */
  readonly gateway?: CapacityOptions;
  /** Statements of PostgreSQL. @default 16 workers, 0.25 ms */
  readonly postgres?: CapacityOptions;
}

/** What the PostgreSQL of a world begins with. */
export interface PostgresOptions {
  /** A `pg-mem` database whose tables and rows stand beside the platform's. @default none */
  readonly fixtures?: object;
}

export interface RedisOptions {
  /** An `ioredis-mock` whose keys are taken into database 0. @default none */
  readonly fixtures?: object;
}

export interface PhoenixOptions {
  /** Seed of everything that is random in this world: a safe integer of 0 or more. @default 1 */
  readonly seed?: number;
  /** Answers the choices of the run. @default seeded random, from `seed` */
  readonly driver?: Driver;
  /** Nodes that experiments can target: their names, or how many; counted, they are node1, node2 ... @default 3 */
  readonly nodes?: number | readonly string[];
  readonly replicas?: Replicas;
  /** Reach the world through `fetch`, `WebSocket`, timers and `Date` of the process. One world at a time. @default false */
  readonly globals?: boolean;
  /**
   * Keep every step for `trace.kept()`, and where in the services each write came from, for the stack of an invariant
   * that it breaks. The hash is the same with and without. @default false
   */
  readonly trace?: boolean;
  /** Keep the answers to choices that were not 0, for `trace.decisions()`. @default false */
  readonly record?: boolean;
  /**
   * Third parties: handlers of msw (`http`, `graphql`, `ws`), and servers of mock-socket. They answer from a host
   * `outside` of the simulated network, with its delays and faults. @default none
   */
  readonly outside?: readonly object[];
  /** What the PostgreSQL of the world begins with. */
  readonly postgres?: PostgresOptions;
  /** What the Redis of the world begins with. */
  readonly redis?: RedisOptions;
  /** Delays of every link. @default 0.25 to 2 ms one way, nothing lost */
  readonly link?: LinkOptions;
  readonly limits?: LimitOptions;
  readonly capacity?: Capacities;
  /** Connections of one service's pool to PostgreSQL. @default 25 */
  readonly poolSize?: number;
  /** Unix milliseconds at which the world begins. @default 2026-01-01T00:00:00Z */
  readonly epochMs?: number;
  /** Settings of the platform's services, and pieces of them to exchange, as tests of wrong variants do. */
  readonly platform?: PlatformOptions;
  /** Profile of faults that are injected by the nemesis: `calm`, `swarm`, `hostile` or `only-<fault>`. @default "calm" */
  readonly faults?: string | { readonly profile: string; readonly window: Duration };
  /** Watch the invariants of the platform, or those named; one that does not hold ends the world. @default true */
  readonly invariants?: boolean | readonly string[];
  /**
   * Called between two events; the world goes on once it calls `next`. However long that takes, the run is the same,
   * unless something in it waits for real time or real I/O, which then shows.
   */
  readonly between?: (next: () => void) => void;
  /** Gets each step as it begins. */
  readonly onStep?: (step: Step) => void;
  /** Gets each log line of a service as it is written. */
  readonly onLog?: (line: LogLine) => void;
  /** Called once, with the error that ends the world: an invariant that broke, or a limit. Nothing runs in it any more. */
  readonly onFailure?: (error: Error) => void;
}

/** Options with nothing missing. */
export interface ResolvedOptions {
  readonly seed: number;
  readonly driver: Driver | undefined;
  readonly nodes: readonly string[];
  readonly replicas: Required<Replicas>;
  readonly globals: boolean;
  readonly trace: boolean;
  readonly record: boolean;
  readonly outside: readonly object[] | undefined;
  readonly postgres: { readonly fixtures: PostgresMock | undefined };
  readonly redis: { readonly fixtures: RedisMockData | undefined };
  readonly link: LinkOptions;
  readonly limits: Limits;
  readonly capacity: Required<Capacities>;
  readonly poolSize: number;
  readonly epochMs: number;
  readonly platform: PlatformOptions;
  readonly faults: { readonly profile: string; readonly windowMs: number };
  readonly invariants: readonly Invariant[];
  readonly between: ((next: () => void) => void) | undefined;
  readonly onStep: ((step: Step) => void) | undefined;
  readonly onLog: ((line: LogLine) => void) | undefined;
  readonly onFailure: ((error: Error) => void) | undefined;
}

const known: Readonly<Record<keyof PhoenixOptions, true>> = {
  seed: true,
  driver: true,
  nodes: true,
  replicas: true,
  globals: true,
  trace: true,
  record: true,
  outside: true,
  postgres: true,
  redis: true,
  link: true,
  limits: true,
  capacity: true,
  poolSize: true,
  epochMs: true,
  platform: true,
  faults: true,
  invariants: true,
  between: true,
  onStep: true,
  onLog: true,
  onFailure: true,
};

const replicasMax = 20;
const nodesMax = 1_000;

/** @throws SimError `SIM_OPTION_INVALID` naming the option, the value found and what is allowed. */
export function resolvePhoenixOptions(options: PhoenixOptions = {}): ResolvedOptions {
  refuseUnknown(options);
  checkNested(options);
  const { gateway = 1, controller = 1, generator = 1 } = options.replicas ?? {};
  return Object.freeze({
    seed: whole("seed", options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
    driver: options.driver,
    nodes: resolveNodes(options.nodes ?? 3),
    replicas: {
      gateway: whole("replicas.gateway", gateway, 1, replicasMax),
      controller: whole("replicas.controller", controller, 1, replicasMax),
      generator: whole("replicas.generator", generator, 1, replicasMax),
    },
    globals: flag("globals", options.globals ?? false),
    trace: flag("trace", options.trace ?? false),
    record: flag("record", options.record ?? false),
    outside: options.outside,
    postgres: { fixtures: resolvePostgresFixtures(options.postgres) },
    redis: { fixtures: resolveRedisFixtures(options.redis) },
    link: resolveLinkOptions(options.link),
    limits: resolveLimits(options.limits),
    capacity: {
      gateway: resolveCapacity(
        "capacity.gateway",
        options.capacity?.gateway ?? { workers: 8, serviceMs: 0.5 },
      ),
      postgres: resolveCapacity(
        "capacity.postgres",
        options.capacity?.postgres ?? { workers: 16, serviceMs: 0.25 },
      ),
    },
    poolSize: whole("poolSize", options.poolSize ?? 25, 1, 1_000),
    epochMs: whole("epochMs", options.epochMs ?? defaultEpochMs, 0, 8.64e15),
    platform: options.platform ?? {},
    faults: resolveFaults(options.faults),
    invariants: resolveInvariants(options.invariants ?? true),
    between: options.between,
    onStep: options.onStep,
    onLog: options.onLog,
    onFailure: options.onFailure,
  });
}

// Each group of options by its keys; what their values may be is for those who use them.
function checkNested({ replicas, limits, capacity, faults, platform }: PhoenixOptions): void {
  checkOptions("replicas", replicas, ["gateway", "controller", "generator"]);
  checkOptions("limits", limits, ["stepsMax", "stepsAtOneInstantMax", "virtualMsMax"]);
  checkOptions("capacity", capacity, ["gateway", "postgres"]);
  for (const name of ["gateway", "postgres"] as const)
    checkOptions(`capacity.${name}`, capacity?.[name], ["workers", "serviceMs"]);
  if (typeof faults === "object") checkOptions("faults", faults, ["profile", "window"]);
  checkPlatform(platform);
}

function resolvePostgresFixtures(postgres: PostgresOptions | undefined): PostgresMock | undefined {
  checkOptions("postgres", postgres, ["fixtures"]);
  const fixtures = postgres?.fixtures;
  if (fixtures === undefined || isPostgresMock(fixtures)) return fixtures;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use ${typeof fixtures === "object" ? "that object" : JSON.stringify(fixtures)} as postgres.fixtures.`,
    "Give a database of pg-mem: `newDb()`.",
  );
}

function resolveRedisFixtures(redis: RedisOptions | undefined): RedisMockData | undefined {
  checkOptions("redis", redis, ["fixtures"]);
  const fixtures = redis?.fixtures;
  if (fixtures === undefined || isRedisMock(fixtures)) return fixtures;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use ${typeof fixtures === "object" ? "that object" : JSON.stringify(fixtures)} as redis.fixtures.`,
    "Give an instance of ioredis-mock: `new RedisMock({ data: { key: 'value' } })`.",
  );
}

function resolveFaults(faults: PhoenixOptions["faults"] = "calm"): ResolvedOptions["faults"] {
  const { profile, window } = typeof faults === "string" ? { profile: faults, window: "80s" } : faults;
  profileNamed(profile);
  return { profile, windowMs: parseDuration(window, "the window of the faults") };
}

function resolveInvariants(wanted: boolean | readonly string[]): readonly Invariant[] {
  if (!Array.isArray(wanted)) return flag("invariants", wanted as boolean) ? invariants : [];
  const names = invariants.map(({ name }) => name);
  const unknown = wanted.find((name: string) => !names.includes(name));
  if (unknown === undefined) return invariants.filter(({ name }) => wanted.includes(name));
  throw new SimError(
    "SIM_OPTION_INVALID",
    `There is no invariant "${unknown}".`,
    didYouMean(String(unknown), names),
  );
}

function flag(name: string, value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use ${JSON.stringify(value)} as ${name}.`,
    "Give true or false.",
  );
}

function refuseUnknown(options: PhoenixOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `createPhoenix cannot use ${String(options)}.`,
      "Give an object of options, or nothing.",
    );
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `createPhoenix has no option "${name}".`,
      didYouMean(name, Object.keys(known)),
    );
  }
}

function resolveNodes(nodes: number | readonly string[]): readonly string[] {
  if (typeof nodes === "number") {
    const count = whole("nodes", nodes, 1, nodesMax);
    return Array.from({ length: count }, (_, index) => `node${index + 1}`);
  }
  if (!Array.isArray(nodes)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot build a world: nodes is ${JSON.stringify(nodes)}, which is ${typeof nodes}.`,
      "Give a number of nodes, such as 3, or an array of their names.",
    );
  }
  const bad = nodes.find(
    (name, index) => !/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(name) || nodes.indexOf(name) !== index,
  );
  if (nodes.length > 0 && nodes.length <= nodesMax && bad === undefined) return [...nodes];
  throw new SimError(
    "SIM_OPTION_INVALID",
    bad === undefined
      ? `Cannot build a world with ${nodes.length} nodes.`
      : `Cannot use "${bad}" as a node name.`,
    `Give 1 to ${nodesMax} different host names of lower-case letters, digits, dots and hyphens.`,
  );
}

function resolveCapacity(name: string, { workers, serviceMs }: CapacityOptions): CapacityOptions {
  whole(`${name}.workers`, workers, 1, 10_000);
  if (serviceMs >= 0 && Number.isFinite(serviceMs)) return { workers, serviceMs };
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use ${serviceMs} as ${name}.serviceMs.`,
    "Give virtual milliseconds of 0 or more.",
  );
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use ${JSON.stringify(value)} as ${name}.`,
    `Give a whole number from ${min} to ${max}.`,
  );
}
