/**
 * A Prometheus for small worlds: the platform's own services are scraped, and rules evaluated, once a minute.
 * Collectors are scraped as always, since results depend on them. Leaves time for more runs.
 */
import type { PhoenixOptions } from "../../phoenix/index.js";

type WrapConfig = NonNullable<NonNullable<NonNullable<PhoenixOptions["platform"]>["prometheus"]>["config"]>;

type RuleFile = { readonly groups?: readonly object[] };

const seldom = "60s";

/** The same configuration with longer intervals. */
export const seldomScraped: WrapConfig = (config) => ({
  ...config,
  rule_files: (config.rule_files ?? []).map((file) => (typeof file === "string" ? file : slowed(file))),
  scrape_configs: (config.scrape_configs ?? []).map((job) =>
    job.static_configs === undefined ? job : Object.assign({}, job, { scrape_interval: seldom }),
  ),
});

function slowed({ groups = [] }: RuleFile): RuleFile {
  return { groups: groups.map((group) => Object.assign({}, group, { interval: seldom })) };
}
