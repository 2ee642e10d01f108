/**
 * A Prometheus for the smallest world: it scrapes collectors, on which results depend, and neither the platform's own
 * services nor its rules, which nothing in an exploration looks at. Leaves time for more runs.
 */
import type { PhoenixOptions } from "../../phoenix/index.js";

type WrapConfig = NonNullable<NonNullable<NonNullable<PhoenixOptions["platform"]>["prometheus"]>["config"]>;

/** The same configuration without rules and without services that are scraped by name. */
export const collectorsOnly: WrapConfig = (config) => ({
  ...config,
  rule_files: [],
  scrape_configs: (config.scrape_configs ?? []).filter(({ static_configs: byName }) => byName === undefined),
});
