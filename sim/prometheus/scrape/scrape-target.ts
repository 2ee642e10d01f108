/** One target: asks it at its own moment of each interval, and writes down how that went. */
import type { Clock, HttpClient, HttpReply, Logger } from "../../../src/ports/index.js";
import type { Labels } from "../labels/index.js";
import type { Series } from "../storage/index.js";
import { createTargetAppender, type AppenderOptions } from "./append-scrape.js";
import { chooseFormat } from "./content-type.js";
import type { MetadataByFamily } from "./metadata.js";
import { reportLabels } from "./sample-labels.js";
import { scrapeOffsetMs, type TargetInfo } from "./target-labels.js";

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

export interface ScrapeTarget {
  readonly info: TargetInfo;
  status(): TargetStatus;
  start(): void;
  /** Stops asking; leaves its series as they are. */
  stop(): void;
  /** Stops asking, and marks its series stale once it is certain that no other loop took over. */
  retire(): void;
}

export interface ScrapeTargetOptions extends AppenderOptions {
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

/** @returns A target at rest. */
export function createScrapeTarget(options: ScrapeTargetOptions): ScrapeTarget {
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
export function targetKey({ labels, url }: { readonly labels: Labels; readonly url: string }): string {
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
