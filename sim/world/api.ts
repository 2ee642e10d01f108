/** What `createPhoenix` gives: the world as its user sees it. */
import type { Client } from "./client/index.js";
import type { DriverStream, PortListener, RealClients } from "./edges/index.js";
import type { FaultController, FaultHandle } from "./faults/index.js";
import type { Decision, Duration, Step } from "../kernel/index.js";
import type { LinkOptions, Rule, RuleHandle } from "../kernel/network/index.js";
import type { Prometheus } from "../servers/prometheus/index.js";
import type { IoredisConnector } from "../servers/redis/index.js";
import type { Service, ServiceGroup, ServiceName, SimulatedNode } from "./cluster/index.js";
import type { LogLine } from "../kernel/trace.js";

/** Virtual time of the world. */
export interface PhoenixClock {
  /** Milliseconds since the world began, to the microsecond. */
  readonly nowMs: number;
  /** The virtual date. */
  readonly date: Date;
  /** Lets time pass: everything due meanwhile happens. @param duration - Milliseconds, or text such as `30s`. */
  advance(duration: Duration): Promise<void>;
  /**
   * Lets virtual time follow real time, for clients outside this process. What a test itself waits for makes time
   * jump as ever.
   *
   * @param options.speed - Virtual seconds that pass in a real one. @default 1
   * @returns A function that ends it.
   * @throws SimError `SIM_OPTION_INVALID` when the speed is not a number above 0.
   */
  followRealTime(options?: { readonly speed?: number }): () => void;
}

export interface UntilOptions {
  /** Virtual time after which the wait fails with `SIM_WAIT_TIMEOUT`. @default "5m" */
  readonly within?: Duration;
  /** What is awaited; shown when it does not come. @default "a condition" */
  readonly label?: string;
}

/** What `new pg.Pool(...)` and `new pg.Client(...)` need to reach the PostgreSQL of a world; spread it into their options. */
export interface PostgresConnection {
  /** A name of the world; another one gives `ENOTFOUND`, as a wrong name does. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** The simulated server has no TLS. */
  readonly ssl: false;
  /** Idle clients move no virtual time. */
  readonly allowExitOnIdle: true;
  /** Sockets of the world instead of TCP ones. */
  readonly stream: () => DriverStream;
}

/** What `new Redis(...)` of ioredis needs to reach the Redis of a world; spread it into its options. */
export interface RedisConnection {
  /** A name of the world; another one gives `ENOTFOUND`, as a wrong name does. */
  readonly host: string;
  readonly port: number;
  /** Sockets of the world instead of TCP ones. */
  readonly Connector: IoredisConnector;
}

/** PostgreSQL: from the inside (no network, no faults, no delay), and for real drivers, through the network. */
export interface PhoenixPostgres {
  /**
   * Options for an unmodified `pg` (and what stands on it: kysely, drizzle ...):
   * `new pg.Pool({ ...phoenix.postgres.connection })`. Its connections come from the host `client`; latency,
   * partitions and crashes reach the driver as errors of the operating system. Time moves while it waits for an
   * answer. Driver time-outs are virtual in a world with `globals: true`.
   */
  readonly connection: PostgresConnection;
  /**
   * The same endpoint on a loopback TCP port, for psql and programs in other languages.
   *
   * @param port - 0 for any that is free. @default 0
   * @throws Error with a Node code, such as `EADDRINUSE`.
   */
  listen(port?: number): Promise<PortListener>;
  /** Runs one statement as an administrator of the database. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Committed rows of a table. */
  rows(table: string): readonly Readonly<Record<string, unknown>>[];
  /**
   * What is committed at this instant as a `pg-mem` database of the project's own copy, for assertions that move no
   * time. Needs `import "phoenix-sim/pg-mem"`, whose `snapshotOf` gives the same with its type.
   *
   * @throws SimError `SIM_MOCK_MISSING` without that import; `SIM_MOCK_VALUE` naming a column that the mock cannot hold.
   */
  snapshot(): unknown;
}

/** Redis: from the inside, and for real drivers, through the network. */
export interface PhoenixRedis {
  /**
   * Options for an unmodified `ioredis` (and what stands on it: bullmq ...):
   * `new Redis({ ...phoenix.redis.connection })`. As with PostgreSQL, faults reach the driver as errors of the
   * operating system, and time moves while a reply is outstanding, that of a blocking command too.
   */
  readonly connection: RedisConnection;
  /**
   * The same endpoint on a loopback TCP port, for redis-cli and programs in other languages.
   *
   * @param port - 0 for any that is free. @default 0
   * @throws Error with a Node code, such as `EADDRINUSE`.
   */
  listen(port?: number): Promise<PortListener>;
  /** Runs one command, such as `command("GET", "key")`. @returns Texts, numbers, null, or lists of them. */
  command(...words: readonly (string | number)[]): Promise<unknown>;
  /**
   * The keys of this instant as an `ioredis-mock` of the project's own copy, for assertions that move no time. Needs
   * `import "phoenix-sim/ioredis-mock"`, whose `snapshotOf` gives the same with its type.
   *
   * @param database - Number of the database. @default 0
   * @throws SimError `SIM_MOCK_MISSING` without that import; `SIM_MOCK_VALUE` naming a key that the mock cannot hold.
   */
  snapshot(database?: number): unknown;
}

/** The network and what faults do to it. */
export interface PhoenixNetwork {
  /** Every name that an address may have: services first, then hosts. */
  names(): readonly string[];
  /** Puts a rule in force until it is healed. */
  addRule(name: string, rule: Rule): RuleHandle;
  /**
   * Injects the fault `partition`: no message passes between two hosts or services, either way; what is sent waits, as TCP
   * does, until the fault is healed.
   */
  partition(one: string, other: string): FaultHandle;
  /** Injects the fault `isolate`: no message passes between a host or service and everybody else. */
  isolate(name: string): FaultHandle;
  /** Sets the delays between two hosts or services; what is left out has its default. */
  setLink(one: string, other: string, options: LinkOptions): void;
}

/** Faults of a world. */
interface PhoenixFaults extends FaultController {
  /** Ends every fault that was injected by hand or by the profile, and stops the profile from injecting more. */
  healAll(): Promise<void>;
  /** What the profile of the world has done so far. */
  injected(): readonly { readonly name: string; readonly kind: string; readonly atMs: number }[];
}

/** What happened so far. */
export interface PhoenixTrace {
  /** Events the world ran. */
  readonly steps: number;
  /** Sixteen hexadecimal digits over every event: equal for equal runs. */
  hash(): string;
  /** Every step so far, when the world was made with `trace: true`. */
  kept(): readonly Step[];
  /** The last steps, at most 32. */
  recent(): readonly Step[];
  /** Answers to choices that were not 0, in order, when the world was made with `record: true`. */
  decisions(): readonly Decision[];
  /**
   * What a decision of `decisions()` was about, such as the statement that a driver sent and the line of your code that
   * asked for it, when the world was made with `trace` and `record`; undefined where its label says it all.
   */
  explain(decision: Decision): string | undefined;
  /** Statuses the gateway answered with, by method and path, such as `GET /api/v1/experiments/:id`. */
  answers(): ReadonlyMap<string, ReadonlySet<number>>;
  /** Statements that PostgreSQL executed. */
  readonly sqlStatements: number;
  /** The last log lines of all services. */
  lines(): readonly LogLine[];
}

/** One world. Use it with `await using`, or call `dispose`. */
export interface Phoenix extends AsyncDisposable {
  readonly seed: number;
  /** Address of the gateway for `fetch`, without a slash at the end. */
  readonly url: string;
  /** Address of the gateway for `WebSocket`. */
  readonly socketUrl: string;
  /** A typed client of the API, logged in as an administrator of the default tenant. */
  readonly client: Client;
  /** `fetch` into this world; the standard one, but for where it leads. */
  readonly fetch: typeof fetch;
  /** The process's own `fetch` while the world has the globals, else `fetch` above: what plain code would use. */
  readonly plainFetch: typeof fetch;
  /** `WebSocket` into this world, as in a browser. */
  readonly WebSocket: typeof WebSocket;
  /** Stops or resumes reading on a socket of this world: what arrives stays on its way, as with a slow client. */
  setReading(socket: WebSocket, reading: boolean): void;
  /** Connections for real clients (`node:http`, axios, npm's undici, `ws`) that lead into this world. */
  realClients(): Promise<RealClients>;
  /**
   * Puts a service on a real loopback port, for curl, browsers and programs in other languages.
   *
   * @param options - `target`: "gateway" (default) or "prometheus"; `port`: 0 (default) for any that is free.
   * @throws Error with a Node code, such as `EADDRINUSE`.
   */
  listen(options?: {
    readonly target?: "gateway" | "prometheus";
    readonly port?: number;
  }): Promise<PortListener>;
  readonly clock: PhoenixClock;
  readonly services: Readonly<Record<ServiceName, ServiceGroup>>;
  readonly postgres: PhoenixPostgres;
  readonly redis: PhoenixRedis;
  readonly prometheus: Pick<Prometheus, "query" | "queryRange" | "targets">;
  readonly network: PhoenixNetwork;
  readonly trace: PhoenixTrace;
  /** One node. @throws SimError `SIM_HOST_UNKNOWN` with the names there are. */
  node(name: string): SimulatedNode;
  /** One replica of a service, or a node, by its host name, such as `gateway-0`. */
  service(hostName: string): Service;
  /**
   * A client for another user, logged in at its first request.
   *
   * @param email - Such as `admin@tenant1.phoenix.io`.
   */
  clientFor(email: string, password: string): Client;
  /** Faults by hand, and what a profile has done. */
  readonly faults: PhoenixFaults;
  /** Checks `holds` after each event from now on: false, a throw, or a promise ends the world with `SIM_INVARIANT`. */
  always(name: string, holds: () => boolean | void): void;
  /** Declares something that should come true in some run of a campaign; one in which it never does, fails. */
  sometimes(name: string, condition: boolean | (() => boolean)): void;
  /** Marks a place as reached, as `sometimes(name, true)` does. One that no run comes to is known only by `sometimes`. */
  reachable(name: string): void;
  /** What `sometimes` and `reachable` declared, and what of it was observed. */
  readonly sometimesSeen: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** Asks the choice log: a number from 0 to `count` - 1. An exploration tries them all; 0 is the default decision. */
  choose(name: string, count: number): number;
  /** Asks the choice log a yes-or-no question. @param probability - Of yes, under a random driver. */
  chance(name: string, probability: number): boolean;
  /** Calls `run` after that much virtual time. @param label - Stable name, for the trace. */
  at(delay: Duration, label: string, run: () => void): void;
  /**
   * Ends all faults and lets time pass until every invariant has settled: each experiment has ended, nothing
   * of it is left on nodes, sockets have got everything.
   *
   * @throws SimError `SIM_NOT_CONVERGED` with what is still pending after `within` (20 minutes by default).
   */
  converge(options?: { readonly within?: Duration }): Promise<void>;
  /** The error that ended the world, if one did. */
  readonly failure: Error | undefined;
  /** Lets time move until `check` returns true or a value. @throws SimError `SIM_WAIT_TIMEOUT`. */
  until<T>(check: () => T | undefined | false, options?: UntilOptions): Promise<T>;
  /**
   * Lets time move until an experiment is in a state, or has been: states are reached once, and a short one
   * is not missed.
   *
   * @throws SimError `SIM_WAIT_TIMEOUT` when the time is up, or at once when the experiment ended elsewhere.
   */
  waitForState(experimentId: string, state: string, options: { readonly within: Duration }): Promise<void>;
  /** States an experiment has been in, in order. */
  stateHistory(experimentId: string): readonly string[];
  /**
   * What the test waits for and has left open at this moment, one line each with the place that began it: requests,
   * waits, sockets, timers, and the real I/O for which time stands still. A test that runs into the time-out of its
   * runner shows it in its error.
   */
  waiting(): readonly string[];
  /** Lets time move until a message arrives on a socket of this world. @returns Its data. */
  waitForMessage(
    socket: WebSocket,
    options?: { readonly within?: Duration; readonly where?: (data: unknown) => boolean },
  ): Promise<unknown>;
  /**
   * Ends the world. `Symbol.asyncDispose` does the same.
   *
   * @throws SimError `SIM_LEFT_OPEN` naming what the test left open, unless `force` is set.
   * @throws The error that ended the world before, when nobody waited for it.
   */
  dispose(options?: { readonly force?: boolean }): Promise<void>;
}
