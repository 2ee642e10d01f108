/** Scraping: targets, what they expose, and what of it is stored. */
export { createScrapePool, type ScrapePool, type ScrapePoolOptions } from "./scrape-pool.js";
export type { MetricMetadata } from "./metadata.js";
export type { TargetStatus } from "./scrape-target.js";
