/**
 * A Prometheus for small worlds: the platform's own services are scraped, and rules evaluated, once a minute.
 * Collectors are scraped as always, since results depend on them. Leaves time for more runs.
 */
import type { PrometheusConfig } from "../../prometheus/index.js";

type RuleFile = { readonly groups?: readonly { readonly interval?: string }[] };

const seldom = "60s";

/** @returns The same configuration with longer intervals. */
export function seldomScraped(config: PrometheusConfig): PrometheusConfig {
  return {
    ...config,
    rule_files: (config.rule_files ?? []).map((file) =>
      typeof file === "string" ? file : { ...file, groups: slowed(file) },
    ),
    scrape_configs: (config.scrape_configs ?? []).map((job) =>
      job.static_configs === undefined ? job : { ...job, scrape_interval: seldom },
    ),
  };
}

function slowed({ groups = [] }: RuleFile): RuleFile["groups"] {
  return groups.map((group) => ({ ...group, interval: seldom }));
}
