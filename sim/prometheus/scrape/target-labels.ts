/** From what discovery says about a target to its labels and address. */
import { relabel, type ScrapeConfig } from "../config/index.js";
import { compareText, labelsOf, type Labels } from "../labels/index.js";
import { formatDuration, type Dialect } from "../promql/index.js";

const PARAM = "__param_";

/** A target to scrape. */
export interface TargetInfo {
  /** Labels of its series: no name begins with two underscores. */
  readonly labels: Labels;
  /** Labels before relabelling. */
  readonly discovered: Labels;
  readonly url: string;
}

/** @returns Undefined when relabelling drops the target or takes its address. */
export function targetInfo(
  config: ScrapeConfig,
  address: string,
  groupLabels: Readonly<Record<string, string>>,
  dialect: Dialect,
): TargetInfo | undefined {
  const discovered = labelsOf({
    job: config.jobName,
    __address__: address,
    __metrics_path__: config.metricsPath,
    __scheme__: config.scheme,
    __scrape_interval__: formatDuration(config.scrapeIntervalMs),
    __scrape_timeout__: formatDuration(config.scrapeTimeoutMs),
    ...Object.fromEntries(
      Object.entries(config.params).map(([name, values]) => [`__param_${name}`, values[0] ?? ""]),
    ),
    ...groupLabels,
  });
  const relabelled = relabel(discovered, config.relabelRules);
  const host = relabelled?.get("__address__") ?? "";
  if (relabelled === undefined || host === "") return undefined;
  const scheme = relabelled.get("__scheme__");
  const withPort = dialect === 2 && !/:\d+$/.test(host) ? `${host}:${scheme === "https" ? 443 : 80}` : host;
  const instance = relabelled.get("instance") === "" ? { instance: withPort } : {};
  const visible = [...relabelled.entries()].filter(([name]) => !name.startsWith("__"));
  return {
    labels: labelsOf([...visible, ...Object.entries(instance)]),
    discovered,
    url: `${scheme}://${withPort}${relabelled.get("__metrics_path__")}${queryOf(config, relabelled)}`,
  };
}

/** Fixed for a target: where in its interval it is scraped. A 64-bit FNV-1a hash of labels and address. */
export function scrapeOffsetMs({ labels, url }: TargetInfo, intervalMs: number): number {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(`${labels.key}\u0000${url}`)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return Number(hash % BigInt(intervalMs));
}

function queryOf(config: ScrapeConfig, labels: Labels): string {
  const params = new Map(Object.entries(config.params).map(([name, values]) => [name, [...values]]));
  for (const [label, value] of labels.entries()) {
    if (!label.startsWith(PARAM)) continue;
    // A label stands for the first value only.
    const name = label.slice(PARAM.length);
    params.set(name, [value, ...(params.get(name) ?? []).slice(1)]);
  }
  const names = [...params.keys()].sort(compareText);
  const pairs = names.flatMap((name) =>
    (params.get(name) ?? []).map((value) => [name, value] as [string, string]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}
