/** HTTP service discovery: fetches a JSON list of targets again and again. A failure keeps the last list. */
import { z } from "zod";
import type { Clock, HttpClient, Logger } from "../../../src/ports/index.js";
import type { HttpDiscovery, TargetGroup } from "../config/index.js";

const groupsSchema = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()).optional() }),
);

/** A discovery that runs until it is stopped. */
export interface DiscoveryLoop {
  start(): void;
  stop(): void;
}

export interface DiscoveryPorts {
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly userAgent: string;
}

/** @param onGroups - Gets every list that was fetched whole. */
export function createHttpDiscovery(
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
