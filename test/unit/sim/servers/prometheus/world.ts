/** A world of one Prometheus: a clock that is moved by hand, and targets that are functions. */
import type { Clock, HttpClient, HttpReply, Logger } from "../../../../../src/ports/index.js";
import {
  createPrometheus,
  createStorage,
  type Prometheus,
  type PrometheusConfig,
  type Storage,
} from "../../../../../sim/servers/prometheus/index.js";

/** A clock whose timers run when time is moved. */
export interface ManualClock extends Clock {
  /** Runs every timer up to then, and what it promised. */
  advance(durationMs: number): Promise<void>;
}

/** @param startMs - Milliseconds since the epoch. */
export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let now = startMs;
  const timers: { readonly dueMs: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now - startMs,
    setTimer(delayMs, _label, run) {
      const timer = { dueMs: now + delayMs, run };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at !== -1) timers.splice(at, 1);
      };
    },
    async advance(durationMs) {
      const until = now + durationMs;
      await settle();
      for (;;) {
        timers.sort((left, right) => left.dueMs - right.dueMs);
        const next = timers[0];
        if (next === undefined || next.dueMs > until) break;
        timers.shift();
        now = next.dueMs;
        next.run();
        await settle();
      }
      now = until;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A reply of exposition text. */
export function exposition(body: string, contentType = "text/plain; version=0.0.4"): HttpReply {
  return { status: 200, headers: { "content-type": contentType }, body };
}

/** A failed request, as the client port reports it. */
export function networkError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

export interface TestWorld {
  readonly clock: ManualClock;
  readonly storage: Storage;
  readonly prometheus: Prometheus;
  /** URLs asked so far, with their headers. */
  readonly requests: { readonly url: string; readonly headers: Readonly<Record<string, string>> }[];
  /** A GET of the HTTP API. */
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** @param serve - Answers each scrape and each discovery. */
export function createTestWorld(
  config: string | PrometheusConfig,
  serve: (url: string) => HttpReply | Error,
  {
    dialect,
    storage = createStorage(),
    clock = createManualClock(),
  }: { readonly dialect?: 2 | 3; readonly storage?: Storage; readonly clock?: ManualClock } = {},
): TestWorld {
  const requests: TestWorld["requests"] = [];
  const http: HttpClient = {
    async request(url, options) {
      requests.push({ url, headers: options?.headers ?? {} });
      const reply = serve(url);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  const prometheus = createPrometheus({
    config,
    storage,
    clock,
    http,
    logger: silent,
    ...(dialect === undefined ? {} : { dialect }),
  });
  return {
    clock,
    storage,
    prometheus,
    requests,
    async get(path) {
      const reply = await prometheus.handle({
        method: "GET",
        url: `http://prometheus:9090${path}`,
        headers: {},
        body: "",
      });
      const isJson = reply.headers["content-type"]?.startsWith("application/json") ?? false;
      return { status: reply.status, body: isJson ? (JSON.parse(reply.body) as unknown) : reply.body };
    },
  };
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
