/** Asks the real server and ours the same random queries, and explains what differs. */
import { sample } from "fast-check";
import { createApi } from "../../sim/servers/prometheus/api/index.js";
import { parseConfig } from "../../sim/servers/prometheus/config.js";
import { labelsOf } from "../../sim/servers/prometheus/labels.js";
import { createEngine, parseGoFloat } from "../../sim/servers/prometheus/promql/index.js";
import type { RuleManager } from "../../sim/servers/prometheus/rules/index.js";
import type { HttpHandler } from "../../src/ports/index.js";
import { DATA_LENGTH, DATA_START, dataStorage, openMetricsText } from "./data-set.js";
import { explainDifference, type Answer } from "./known-differences.js";
import { fixedQueries } from "./fixed-queries.js";
import { randomQueries, type RandomQuery } from "./query-grammar.js";
import { startRealServer, type RealServer } from "./real-server.js";

/** One query that was not answered alike. */
interface Difference {
  readonly request: RandomQuery;
  readonly real: string;
  readonly ours: string;
  /** Why that is known and accepted; undefined when it is not. */
  readonly reason: string | undefined;
}

export interface DifferentialReport {
  readonly version: string;
  readonly queries: number;
  readonly failing: number;
  /** Differences that nothing explains. */
  readonly different: readonly Difference[];
  readonly explained: readonly Difference[];
}

/**
 * Asks the fixed queries, and random ones.
 *
 * @param queries - How many random queries.
 * @param seed - The same seed asks the same.
 * @throws Error when Prometheus 2.42 is not installed.
 */
export async function runDifferential(queries: number, seed: number): Promise<DifferentialReport> {
  const requests = [...fixedQueries, ...sampleQueries(queries, seed)];
  const real = await startRealServer(openMetricsText());
  try {
    return await compareAll(requests, async (request) => askReal(real, request), real.version);
  } finally {
    await real.close();
  }
}

/** @param answers - What the real server of this version answered to each of the requests. */
export async function compareRecorded(
  requests: readonly RandomQuery[],
  answers: readonly RawAnswer[],
  version: string,
): Promise<DifferentialReport> {
  return compareAll(requests, async (_, index) => answers[index] as RawAnswer, version);
}

/** @returns The answers of the real server to the requests, with series in one order, and its version. */
export async function recordAnswers(
  requests: readonly RandomQuery[],
): Promise<{ readonly version: string; readonly answers: readonly RawAnswer[] }> {
  const real = await startRealServer(openMetricsText());
  try {
    const answers: RawAnswer[] = [];
    for (const request of requests) answers.push(inOneOrder(await askReal(real, request)));
    return { version: real.version, answers };
  } finally {
    await real.close();
  }
}

export function sampleQueries(queries: number, seed: number): readonly RandomQuery[] {
  return sample(randomQueries(DATA_START, DATA_LENGTH), { numRuns: queries, seed });
}

const headers = { "content-type": "application/x-www-form-urlencoded" };

async function askReal(real: RealServer, request: RandomQuery): Promise<RawAnswer> {
  const { path, body } = formOf(request);
  const reply = await fetch(`${real.url}${path}`, { method: "POST", headers, body });
  return (await reply.json()) as RawAnswer;
}

/** The real server gives series in any order. */
function inOneOrder(answer: RawAnswer): RawAnswer {
  const { data } = answer;
  if (data === undefined || (data.resultType !== "vector" && data.resultType !== "matrix")) return answer;
  const series = (data.result as readonly { readonly metric: Readonly<Record<string, string>> }[]).map(
    (each) => [labelsOf(each.metric).toString(), each] as const,
  );
  const result = series.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  return { ...answer, data: { ...data, result } };
}

async function compareAll(
  requests: readonly RandomQuery[],
  askOther: (request: RandomQuery, index: number) => Promise<RawAnswer>,
  version: string,
): Promise<DifferentialReport> {
  const handle = ourServer();
  const found: Difference[] = [];
  let failing = 0;
  const compare = async (request: RandomQuery, index: number): Promise<void> => {
    const { path, body } = formOf(request);
    const [theirs, ours] = await Promise.all([
      askOther(request, index),
      Promise.resolve(handle({ method: "POST", url: `http://ours${path}`, headers, body })).then(
        (reply) => reply.body,
      ),
    ]);
    const answers = [parseAnswer(theirs), parseAnswer(JSON.parse(ours) as RawAnswer)] as const;
    if (answers[0].error !== undefined) failing += 1;
    if (sameAnswer(answers[0], answers[1])) return;
    found.push({
      request,
      real: JSON.stringify(theirs),
      ours,
      reason: explainDifference(request.query, answers[0], answers[1]),
    });
  };
  for (let at = 0; at < requests.length; at += 8) {
    await Promise.all(requests.slice(at, at + 8).map(async (request, index) => compare(request, at + index)));
  }
  return {
    version,
    queries: requests.length,
    failing,
    different: found.filter(({ reason }) => reason === undefined),
    explained: found.filter(({ reason }) => reason !== undefined),
  };
}

function ourServer(): HttpHandler {
  const config = parseConfig({});
  const engine = createEngine({ dialect: 2, defaultStepMs: 60_000 });
  const rules: RuleManager = { groups: [], intervalMs: () => 0, start() {}, stop() {} };
  return createApi({
    config,
    engine,
    storage: dataStorage(),
    pools: [],
    rules,
    version: "2.42.0",
    now: () => 0,
  });
}

function formOf({ query, start, end, step }: RandomQuery): { readonly path: string; readonly body: string } {
  if (step === 0) {
    return { path: "/api/v1/query", body: new URLSearchParams({ query, time: String(start) }).toString() };
  }
  const values = { query, start: String(start), end: String(end), step: String(step) };
  return { path: "/api/v1/query_range", body: new URLSearchParams(values).toString() };
}

/** An answer of the query API as it came. */
export interface RawAnswer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

function parseAnswer(raw: RawAnswer): Answer {
  const points = new Map<string, number>();
  if (raw.data === undefined) return { error: raw.errorType, message: raw.error ?? "", points };
  const { resultType, result } = raw.data;
  const add = (metric: string, [time, value]: readonly [number, string]): void => {
    points.set(`${metric} @ ${time}`, parseGoFloat(value) ?? NaN);
  };
  if (resultType === "scalar" || resultType === "string") add(resultType, result as [number, string]);
  else {
    for (const series of result as {
      metric: Record<string, string>;
      value?: [number, string];
      values?: [number, string][];
    }[]) {
      const metric = labelsOf(series.metric).toString();
      for (const point of series.values ?? (series.value === undefined ? [] : [series.value]))
        add(metric, point);
    }
  }
  return { error: undefined, message: "", points };
}

function sameAnswer(real: Answer, ours: Answer): boolean {
  if (real.error !== ours.error || real.points.size !== ours.points.size) return false;
  for (const [key, value] of real.points) {
    const other = ours.points.get(key);
    if (other === undefined || !closeValues(value, other)) return false;
  }
  return true;
}

/** Equal but for the last digits: Go and JavaScript compute powers and angles by different methods. */
function closeValues(left: number, right: number): boolean {
  if (Object.is(left, right) || left === right) return true;
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  return Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right));
}
