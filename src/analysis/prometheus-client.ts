/** Asking Prometheus. */
import { isPlainObject } from "../shared/index.js";
import type { HttpClient } from "../ports/index.js";

/** One point of a series. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** One series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first; one for an instant query. */
  readonly points: readonly Point[];
}

/** Range of a query, epoch milliseconds. */
export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepSeconds: number;
}

export interface PrometheusClient {
  /**
   * What time it is for Prometheus, which stamps samples by its own clock: ask by that one.
   *
   * @returns Epoch milliseconds.
   * @throws Error when Prometheus cannot be asked.
   */
  now(): Promise<number>;
  /** Values at one moment. @throws Error when Prometheus cannot be asked or refuses the query. */
  instant(query: string, atMs: number): Promise<Series[]>;
  /** Values over a range. @throws Error when Prometheus cannot be asked or refuses the query. */
  range(query: string, range: QueryRange): Promise<Series[]>;
}

/** Talks to the HTTP API of Prometheus. */
export function createPrometheusClient(
  http: HttpClient,
  options: { readonly prometheusUrl: string; readonly requestTimeoutMs: number },
): PrometheusClient {
  async function ask(path: string, values: Readonly<Record<string, string>>): Promise<Series[]> {
    const url = `${options.prometheusUrl}/api/v1/${path}?${new URLSearchParams(values).toString()}`;
    const reply = await http.request(url, { timeoutMs: options.requestTimeoutMs });
    const body: unknown = JSON.parse(reply.body);
    const data = isPlainObject(body) && body["status"] === "success" ? body["data"] : undefined;
    if (reply.status !== 200 || !isPlainObject(data) || !Array.isArray(data["result"])) {
      throw new Error(`prometheus answered ${reply.status}: ${reply.body.slice(0, 200)}`);
    }
    return (data["result"] as RawSeries[]).map(toSeries);
  }
  return {
    now: async () => {
      const point = (await ask("query", { query: "vector(time())" }))[0]?.points[0];
      if (point === undefined) throw new Error("prometheus told no time");
      return Math.round(point.value * 1000);
    },
    instant: (query, atMs) => ask("query", { query, time: seconds(atMs) }),
    range: (query, { startMs, endMs, stepSeconds }) =>
      ask("query_range", { query, start: seconds(startMs), end: seconds(endMs), step: String(stepSeconds) }),
  };
}

type RawPoint = readonly [number, string];

interface RawSeries {
  readonly metric?: Readonly<Record<string, string>>;
  readonly value?: RawPoint;
  readonly values?: readonly RawPoint[];
}

function toSeries({ metric = {}, value, values }: RawSeries): Series {
  const raw = values ?? (value === undefined ? [] : [value]);
  const points = raw.map(([at, text]) => ({ atMs: Math.round(at * 1000), value: toNumber(text) }));
  return { labels: metric, points };
}

function toNumber(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
