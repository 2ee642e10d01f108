/** Scraping: targets, what they expose, and what of it is stored. */

export { createScrapePool, type ScrapePool, type TargetStatus } from "./scrape-pool.js";
export type { MetricMetadata } from "./exposition-entry.js";
