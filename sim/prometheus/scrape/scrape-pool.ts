/** The targets of one job: the static ones and those that discovery finds, each with its loop. */
import type { Clock, HttpClient, Logger } from "../../../src/ports/index.js";
import type { ScrapeConfig, TargetGroup } from "../config/index.js";
import { labelsOf, type Labels } from "../labels/index.js";
import type { Dialect } from "../promql/index.js";
import type { Storage } from "../storage/index.js";
import { createHttpDiscovery } from "./http-discovery.js";
import { createScrapeTarget, targetKey, type ScrapeTarget, type TargetStatus } from "./scrape-target.js";
import { createStaging } from "./read-exposition.js";
import { targetInfo } from "./target-labels.js";
import { createTextPool } from "./text-pool.js";

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

/** @returns A pool at rest. */
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
