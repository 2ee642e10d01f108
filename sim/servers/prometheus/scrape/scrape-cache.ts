/**
 * What a target exposed last time, line by line. Most bodies differ from the one before only in their values, so
 * the next line is usually the expected one and its series is known without parsing.
 */
import type { Series } from "../storage.js";

/** One line of text and what it stands for. */
export interface CachedLine {
  /** A comment, or the part of a sample that names its series. */
  readonly text: string;
  readonly isComment: boolean;
  /** Undefined for comments, and for samples that relabelling drops. */
  readonly series: Series | undefined;
  /** Index in the lines of that scrape. */
  position: number;
  /** The last scrape that had this line. */
  seenIn: number;
  /** True when its sample had a time of its own: it gets no staleness mark. */
  hasTimestamp: boolean;
}

export interface ScrapeCache {
  /** The lines of the last good scrape, in order. */
  lines: CachedLine[];
  readonly byText: Map<string, CachedLine>;
  scrapes: number;
}

/** @returns A cache that has seen nothing. */
export function createScrapeCache(): ScrapeCache {
  return { lines: [], byText: new Map(), scrapes: 0 };
}
