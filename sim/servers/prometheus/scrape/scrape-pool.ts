/** The targets of one job: the static ones and those that discovery finds, each with its loop. */
import { z } from "zod";

import type { Clock, HttpClient, HttpReply, Logger } from "../../../../src/ports/index.js";
import {
  relabel,
  type FallbackFormat,
  type HttpDiscovery,
  type RelabelRule,
  type ScrapeConfig,
  type TargetGroup,
} from "../config.js";
import { METRIC_NAME, goQuote, labelsOf, withName, type Labels } from "../labels.js";
import { formatGeneral, parseGoFloat, type Dialect } from "../promql/index.js";
import type { Series, Storage } from "../storage.js";
import { ExpositionError, typeOf, type MetadataByFamily } from "./exposition-entry.js";
import { withinLimits, type LabelLimits } from "./label-limits.js";
import {
  createTextPool,
  scrapeOffsetMs,
  targetInfo,
  type LabelSet,
  type TargetInfo,
  type TextPool,
} from "./labels.js";
import { createScrapeCache, createStaging, readExposition, type Staging } from "./read-exposition.js";

// HTTP service discovery: fetches a JSON list of targets again and again. A failure keeps the last list.

const groupsSchema = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()).optional() }),
);

/** A discovery that runs until it is stopped. */
interface DiscoveryLoop {
  start(): void;
  stop(): void;
}

interface DiscoveryPorts {
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly userAgent: string;
}

/** @param onGroups - Gets every list that was fetched whole. */
function createHttpDiscovery(
  { url, refreshIntervalMs }: HttpDiscovery,
  { clock, http, logger, userAgent }: DiscoveryPorts,
  onGroups: (groups: readonly TargetGroup[]) => void,
): DiscoveryLoop {
  let stopped = false;
  let cancel: (() => void) | undefined;

  async function refresh(): Promise<void> {
    try {
      const headers = {
        accept: "application/json",
        "user-agent": userAgent,
        "x-prometheus-refresh-interval-seconds": String(refreshIntervalMs / 1000),
      };
      const reply = await http.request(url, { headers, timeoutMs: refreshIntervalMs });
      const problem = problemOf(reply.status, reply.headers["content-type"]);
      if (problem !== undefined) throw new Error(problem);
      const groups = groupsSchema.parse(JSON.parse(reply.body));
      if (stopped) return;
      onGroups(
        groups.map((group) => ({ targets: group.targets, labels: discoveryLabels(url, group.labels) })),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("service discovery failed; the last list stays", {
        url,
        error: reason.split("\n")[0] ?? "",
      });
    }
  }

  function loop(): void {
    void refresh().finally(() => {
      if (!stopped) cancel = clock.setTimer(refreshIntervalMs, "service-discovery", loop);
    });
  }

  return {
    start: loop,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

function discoveryLabels(url: string, labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...labels, __meta_url: url };
}

function problemOf(status: number, contentType: string | undefined): string | undefined {
  if (status !== 200) return `server returned HTTP status ${status}`;
  if (/^application\/json\b/i.test(contentType ?? "")) return undefined;
  return `unsupported content type "${contentType ?? ""}"`;
}

// Which format a scraped body is in.

/** The format, or why the body is refused. */
interface FormatChoice {
  readonly name: "text" | "openmetrics";
  readonly error: string | undefined;
}

/** Since version 3 a body without known Content-Type is refused, unless the job names a fallback. */
function chooseFormat(
  contentType: string | undefined,
  fallback: FallbackFormat,
  dialect: Dialect,
): FormatChoice {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/vnd.google.protobuf") {
    const found = goQuote(contentType ?? "");
    return { name: "text", error: `received Content-Type ${found}: protobuf is not simulated` };
  }
  if (type === "application/openmetrics-text") return { name: "openmetrics", error: undefined };
  if (type === "text/plain" || dialect === 2) return { name: "text", error: undefined };
  if (fallback !== undefined) return { name: fallback, error: undefined };
  if (type === "") {
    return {
      name: "text",
      error:
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
    };
  }
  return {
    name: "text",
    error: `received unsupported Content-Type ${goQuote(contentType ?? "")} and no fallback_scrape_protocol specified for target`,
  };
}

// From the labels of an exposed sample to those of the stored series.

interface SampleLabelOptions {
  readonly target: Labels;
  readonly honorLabels: boolean;
  readonly rules: readonly RelabelRule[];
  readonly metadata: MetadataByFamily;
  readonly dialect: Dialect;
  readonly texts: TextPool;
  readonly limits: LabelLimits;
}

/** Labels whose value is written differently for metrics of some types. */
const BOUNDS: ReadonlySet<string> = new Set(["le", "quantile"]);

/**
 * Joins the labels of a sample with those of its target and relabels them.
 *
 * @returns Undefined when a rule drops the sample.
 * @throws ExpositionError when relabelling takes the name away.
 */
function sampleLabels(
  name: string | undefined,
  set: LabelSet,
  options: SampleLabelOptions,
): Labels | undefined {
  set.stored ??= storedOnce(set, options);
  if (name !== undefined && set.stored !== "differs by name")
    return withinLimits(withName(set.stored, options.texts.keep(name)), options.limits);
  const labels = exposedLabels(set, options.texts, name);
  if (options.dialect === 3) normaliseBounds(labels, options.metadata);
  joinTarget(labels, options.target, options.honorLabels);
  const result = relabel(labelsOf(labels), options.rules);
  if (result === undefined || result.pairs.length === 0) return undefined;
  if (result.get(METRIC_NAME) === "") throw new ExpositionError("missing metric name (__name__ label)");
  return withinLimits(result, options.limits);
}

/** What every metric with these labels has in common. */
function storedOnce(set: LabelSet, options: SampleLabelOptions): NonNullable<LabelSet["stored"]> {
  const { target, honorLabels, rules, texts } = options;
  const special = set.labels.some(([name]) => name === METRIC_NAME || BOUNDS.has(name));
  if (special || rules.length > 0) return "differs by name";
  const labels = exposedLabels(set, texts);
  joinTarget(labels, target, honorLabels);
  return labelsOf(labels);
}

function exposedLabels(set: LabelSet, texts: TextPool, metric?: string): Map<string, string> {
  const labels = new Map<string, string>();
  if (metric !== undefined) labels.set(METRIC_NAME, texts.keep(metric));
  for (const [name, value] of set.labels) labels.set(texts.keep(name), texts.keep(value));
  return labels;
}

/** The labels of a series about a target itself, such as `up`. */
function reportLabels(name: string, target: Labels): Labels {
  const labels = new Map([[METRIC_NAME, name]]);
  joinTarget(labels, target, false);
  return labelsOf(labels);
}

function joinTarget(labels: Map<string, string>, target: Labels, honorLabels: boolean): void {
  const moved: [string, string][] = [];
  for (const [name, value] of target.entries()) {
    const exposed = labels.get(name) ?? "";
    if (honorLabels) {
      if (!labels.has(name)) labels.set(name, value);
      continue;
    }
    if (exposed !== "") moved.push([name, exposed]);
    labels.set(name, value);
  }
  for (const [name, value] of moved) {
    let free = `exported_${name}`;
    while ((labels.get(free) ?? "") !== "") free = `exported_${free}`;
    labels.set(free, value);
  }
}

/** Since version 3 bounds of buckets and quantiles are always written as floats. */
function normaliseBounds(labels: Map<string, string>, metadata: MetadataByFamily): void {
  const type = typeOf(metadata, labels.get(METRIC_NAME) ?? "");
  const label = { histogram: "le", gaugehistogram: "le", summary: "quantile" }[type];
  const text = label === undefined ? undefined : labels.get(label);
  const value = text === undefined ? undefined : parseGoFloat(text);
  if (label === undefined || value === undefined) return;
  labels.set(label, openMetricsFloat(value));
}

function openMetricsFloat(value: number): string {
  const text = formatGeneral(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

// Turns one body into stored samples: all of them, or none when a line is broken.

/** What a scrape brought. */
interface AppendOutcome {
  readonly scraped: number;
  readonly kept: number;
  readonly seriesAdded: number;
  /** Why nothing was kept. */
  readonly error: string | undefined;
}

/** The samples of one target over time. */
interface TargetAppender {
  readonly metadata: MetadataByFamily;
  append(body: string, openMetrics: boolean, timeMs: number): AppendOutcome;
  /** Marks every series that is still current as stale. */
  markAllStale(timeMs: number): void;
}

interface AppenderOptions {
  readonly storage: Storage;
  readonly config: ScrapeConfig;
  readonly target: TargetInfo;
  readonly dialect: Dialect;
  /** Names and values of labels; share it among targets, as they expose the same ones. */
  readonly texts: TextPool;
  /** Where bodies are read to; share it among targets, as one body is read at a time. */
  readonly staging: Staging;
}

/** @returns An appender that has not seen the target yet. */
function createTargetAppender({
  storage,
  config,
  target,
  dialect,
  texts,
  staging,
}: AppenderOptions): TargetAppender {
  const cache = createScrapeCache();
  const metadata: MetadataByFamily = new Map();
  const labelOptions = {
    target: target.labels,
    honorLabels: config.honorLabels,
    rules: config.metricRelabelRules,
    metadata,
    dialect,
    texts,
    limits: config.labelLimits,
  };

  function markVanished(timeMs: number, scrape: number): void {
    for (const line of cache.lines) {
      if (line.seenIn === scrape) continue;
      if (line.series !== undefined && !line.hasTimestamp) storage.append(line.series, timeMs, 0, true);
      cache.byText.delete(line.text);
    }
  }

  function commit(timeMs: number): void {
    for (let index = 0; index < staging.sampleCount; index += 1) {
      const line = staging.lines[index] as (typeof staging.lines)[number];
      const { series } = line;
      if (series === undefined) continue;
      const givenMs = staging.timesMs[index] as number;
      const hasTimestamp = config.honorTimestamps && !Number.isNaN(givenMs);
      line.hasTimestamp = hasTimestamp;
      storage.append(series, hasTimestamp ? givenMs : timeMs, staging.values[index] as number);
    }
    if (!staging.asBefore) replaceLines(timeMs);
  }

  function replaceLines(timeMs: number): void {
    cache.scrapes += 1;
    const scrape = cache.scrapes;
    const lines = staging.order.slice(0, staging.lineCount);
    lines.forEach((line, position) => {
      line.seenIn = scrape;
      line.position = position;
    });
    markVanished(timeMs, scrape);
    cache.lines = lines;
  }

  function markAllStale(timeMs: number): void {
    cache.scrapes += 1;
    markVanished(timeMs, cache.scrapes);
    cache.byText.clear();
    cache.lines = [];
  }

  return {
    metadata,
    markAllStale,
    append(body, openMetrics, timeMs) {
      let error: string | undefined;
      try {
        readExposition(body, staging, {
          openMetrics,
          cache,
          metadata,
          seriesFor(name, set) {
            const stored = sampleLabels(name, set, labelOptions);
            return stored === undefined ? undefined : storage.series(stored);
          },
        });
      } catch (cause) {
        if (!(cause instanceof ExpositionError)) throw cause;
        error = cause.message;
      }
      const scraped = staging.sampleCount;
      let kept = 0;
      for (let index = 0; index < scraped; index += 1)
        if (staging.lines[index]?.series !== undefined) kept += 1;
      if (error === undefined && config.sampleLimit > 0 && kept > config.sampleLimit)
        error = "sample limit exceeded";
      const outcome = { scraped, kept, seriesAdded: staging.fresh, error };
      if (error === undefined) commit(timeMs);
      else markAllStale(timeMs);
      return outcome;
    },
  };
}

// One target: asks it at its own moment of each interval, and writes down how that went.

/** What the targets API says about a target. */
export interface TargetStatus {
  readonly info: TargetInfo;
  readonly job: string;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
  /** Undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationSeconds: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly metadata: MetadataByFamily;
}

interface ScrapeTarget {
  readonly info: TargetInfo;
  status(): TargetStatus;
  start(): void;
  /** Stops asking; leaves its series as they are. */
  stop(): void;
  /** Stops asking, and marks its series stale once it is certain that no other loop took over. */
  retire(): void;
}

interface ScrapeTargetOptions extends AppenderOptions {
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly userAgent: string;
}

const REPORTS = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const REDIRECTS_MAX = 10;

const ACCEPT_TEXT =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/** @returns A target that is not started. */
function createScrapeTarget(options: ScrapeTargetOptions): ScrapeTarget {
  const { clock, http, logger, config, target, storage } = options;
  const { scrapeIntervalMs: intervalMs, scrapeTimeoutMs: timeoutMs } = config;
  const appender = createTargetAppender(options);
  const reports: Series[] = [];
  let health: TargetStatus["health"] = "unknown";
  let lastError = "";
  let lastScrapeMs: number | undefined;
  let lastDurationSeconds = 0;
  let stopped = false;
  let cancel: (() => void) | undefined;
  let dueMs = 0;

  function startLoop(): void {
    const now = clock.now();
    const offsetMs = scrapeOffsetMs(target, intervalMs);
    const delayMs = (offsetMs - (now % intervalMs) + intervalMs) % intervalMs;
    dueMs = clock.monotonic() + delayMs;
    cancel = clock.setTimer(delayMs, "scrape", tick);
  }

  function tick(): void {
    void scrape().finally(() => {
      if (stopped) return;
      const now = clock.monotonic();
      dueMs += intervalMs;
      // A scrape that outlasted its interval is followed by the next one at once; further ticks are lost.
      if (dueMs < now) dueMs += intervalMs * Math.floor((now - dueMs) / intervalMs);
      cancel = clock.setTimer(Math.max(0, dueMs - now), "scrape", tick);
    });
  }

  async function scrape(): Promise<void> {
    const timeMs = Math.round(clock.now());
    const startedMs = clock.monotonic();
    const fetched = await fetchBody();
    if (stopped) return;
    let outcome = { scraped: 0, kept: 0, seriesAdded: 0, error: fetched.error };
    if (fetched.reply === undefined) appender.markAllStale(timeMs);
    else outcome = appender.append(fetched.reply.body, fetched.format === "openmetrics", timeMs);
    lastScrapeMs = timeMs;
    lastDurationSeconds = (clock.monotonic() - startedMs) / 1000;
    if (outcome.error !== undefined && lastError !== outcome.error) {
      logger.debug("scrape failed", { target: target.url, error: outcome.error });
    }
    lastError = outcome.error ?? "";
    health = outcome.error === undefined ? "up" : "down";
    report(timeMs, [
      outcome.error === undefined ? 1 : 0,
      lastDurationSeconds,
      outcome.scraped,
      outcome.kept,
      outcome.seriesAdded,
    ]);
  }

  async function fetchBody(): Promise<{ reply?: HttpReply; format?: string; error: string | undefined }> {
    const headers = {
      accept: ACCEPT_TEXT,
      "user-agent": options.userAgent,
      "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000),
    };
    try {
      const reply = await request(headers);
      if (reply.status !== 200) return { error: `server returned HTTP status ${statusText(reply.status)}` };
      const format = chooseFormat(reply.headers["content-type"], config.fallback, options.dialect);
      if (format.error !== undefined) return { error: format.error };
      const { bodySizeLimit } = config;
      if (bodySizeLimit > 0 && Buffer.byteLength(reply.body) >= bodySizeLimit)
        return { error: "body size limit exceeded" };
      return { reply, format: format.name, error: undefined };
    } catch (error) {
      return { error: `Get "${target.url}": ${describeFailure(error)}` };
    }
  }

  async function request(headers: Readonly<Record<string, string>>): Promise<HttpReply> {
    let { url } = target;
    for (let followed = 0; ; followed += 1) {
      const reply = await http.request(url, { headers, timeoutMs });
      const location = reply.headers["location"];
      if (!config.followRedirects || !REDIRECTS.has(reply.status) || location === undefined) return reply;
      if (followed === REDIRECTS_MAX) throw new Error(`stopped after ${REDIRECTS_MAX} redirects`);
      url = new URL(location, url).href;
    }
  }

  function report(timeMs: number, values: readonly number[]): void {
    REPORTS.forEach((name, index) => {
      const series = (reports[index] ??= storage.series(reportLabels(name, target.labels)));
      storage.append(series, timeMs, values[index] ?? 0);
    });
  }

  function stop(): void {
    stopped = true;
    cancel?.();
  }

  return {
    info: target,
    start: startLoop,
    stop,
    status: () => ({
      info: target,
      job: config.jobName,
      health,
      lastError,
      lastScrapeMs,
      lastDurationSeconds,
      intervalMs,
      timeoutMs,
      metadata: appender.metadata,
    }),
    retire() {
      const wasRunning = !stopped;
      stop();
      if (!wasRunning || lastScrapeMs === undefined) return;
      // As long as another loop could still write the same series, marks would cut them short.
      const waitMs = Math.max(0, dueMs - clock.monotonic()) + intervalMs * 1.1;
      clock.setTimer(waitMs, "scrape-retire", () => {
        const timeMs = Math.round(clock.now());
        appender.markAllStale(timeMs);
        for (const series of reports) storage.append(series, timeMs, 0, true);
      });
    },
  };
}

/** Identity of a target: equal labels and address mean the same loop goes on. */
function targetKey({ labels, url }: { readonly labels: Labels; readonly url: string }): string {
  return `${url}\u0000${labels.key}`;
}

function statusText(status: number): string {
  const reasons: Readonly<Record<number, string>> = {
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
  };
  return `${status} ${reasons[status] ?? ""}`.trim();
}

function describeFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known: Readonly<Record<string, string>> = {
    ETIMEDOUT: "context deadline exceeded",
    ECONNREFUSED: "dial tcp: connect: connection refused",
    ECONNRESET: "read: connection reset by peer",
    ENOTFOUND: "dial tcp: lookup: no such host",
  };
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}

export interface ScrapePoolOptions {
  readonly config: ScrapeConfig;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly dialect: Dialect;
  readonly userAgent: string;
}

export interface ScrapePool {
  readonly job: string;
  start(): void;
  stop(): void;
  /** Active targets, sorted by address. */
  targets(): TargetStatus[];
  /** Labels, before relabelling, of the targets that relabelling dropped. */
  dropped(): Labels[];
}

/** @returns A pool that is not started. */
export function createScrapePool(options: ScrapePoolOptions): ScrapePool {
  const { config, dialect } = options;
  const active = new Map<string, ScrapeTarget>();
  const texts = createTextPool();
  const staging = createStaging();
  let dropped: Labels[] = [];
  // Index 0 holds the static targets; each discovery keeps its last good list.
  const groups: (readonly TargetGroup[])[] = [config.staticConfigs, ...config.httpDiscoveries.map(() => [])];
  const discoveries = config.httpDiscoveries.map((discovery, index) =>
    createHttpDiscovery(discovery, options, (found) => {
      groups[index + 1] = found;
      sync();
    }),
  );

  function sync(): void {
    const wanted = new Map<string, ScrapeTarget>();
    const lost: Labels[] = [];
    for (const { targets, labels } of groups.flat()) {
      for (const address of targets) {
        const info = targetInfo(config, address, labels, dialect);
        if (info === undefined) {
          lost.push(labelsOf({ job: config.jobName, __address__: address, ...labels }));
          continue;
        }
        const key = targetKey(info);
        if (wanted.has(key)) continue;
        const known = active.get(key);
        const target = known ?? createScrapeTarget({ ...options, target: info, texts, staging });
        if (known === undefined) target.start();
        wanted.set(key, target);
      }
    }
    for (const [key, target] of active) {
      if (!wanted.has(key)) target.retire();
    }
    active.clear();
    for (const [key, target] of wanted) active.set(key, target);
    dropped = lost;
  }

  return {
    job: config.jobName,
    start() {
      sync();
      for (const discovery of discoveries) discovery.start();
    },
    stop() {
      for (const discovery of discoveries) discovery.stop();
      for (const target of active.values()) target.stop();
    },
    targets: () =>
      [...active.values()]
        .map((target) => target.status())
        .sort((left, right) => (left.info.url < right.info.url ? -1 : 1)),
    dropped: () => dropped,
  };
}
