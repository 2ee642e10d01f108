/** From what discovery says about a target to its labels and address. */
import { relabel, type ScrapeConfig } from "../config.js";
import { compareText, labelsOf, type Labels } from "../labels.js";
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

// The label sets that one body has shown, by their text: the metrics of one process all carry the same.
//
// Plain arrays whose places are emptied, and no Map: V8 chains the tables of a growing Map, so that one which has
// grown old keeps the texts, and with them the body they are cut from, until the next full collection.

/** What braces hold. */
export interface LabelSet {
  /** The metric's name is among them when it stands in the braces. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** What storing made of them, for the next sample with the same labels. */
  stored?: Labels | "differs by name";
}

export interface LabelSets {
  find(text: string): LabelSet | undefined;
  /** Remembers a set that is not known yet. */
  add(text: string, set: LabelSet): void;
  forgetAll(): void;
}

// Metrics list the same processes in the same order: the next set is nearly always the one after the last.
const lookedAtMost = 64;

/** @returns A memory without sets. */
export function createLabelSets(): LabelSets {
  const texts: string[] = [];
  const sets: (LabelSet | undefined)[] = [];
  let count = 0;
  let next = 0;
  return {
    find(text) {
      const looks = Math.min(count, lookedAtMost);
      for (let look = 0; look < looks; look += 1) {
        if (next >= count) next = 0;
        const at = next;
        next += 1;
        if (texts[at] === text) return sets[at];
      }
      return undefined;
    },
    add(text, set) {
      texts[count] = text;
      sets[count] = set;
      count += 1;
      next = count;
    },
    forgetAll() {
      texts.fill("", 0, count);
      sets.fill(undefined, 0, count);
      count = 0;
      next = 0;
    },
  };
}

// Texts that outlive the body they were read from.
//
// V8 keeps a part of a text as a reference into the whole: one label of a process that just came would keep the
// entire body of its scrape in memory for as long as the series lives.

export interface TextPool {
  /** @returns An equal text that holds on to nothing else; the same one for equal texts. */
  keep(text: string): string;
}

/** More than these are not remembered; then equal texts are kept more than once, which only costs memory. */
const textsMax = 200_000;

/** @returns A pool without texts. */
export function createTextPool(): TextPool {
  const texts = new Map<string, string>();
  return {
    keep(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      if (texts.size >= textsMax) texts.clear();
      const interned = isolatedText(text);
      texts.set(interned, interned);
      return interned;
    },
  };
}

/** @returns An equal text that holds on to nothing else. */
export function isolatedText(text: string): string {
  // Joining writes a new text out in one piece.
  return [text.slice(0, 1), text.slice(1)].join("");
}
