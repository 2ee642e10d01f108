/** How a process is judged by its name: priority, kind and category, as OTTL statements. */
import { globToRegex } from "../glob.js";

const criticalNames =
  "nginx|apache|apache2|httpd|haproxy|envoy|postgres|postgresql|mysql|mysqld|mongodb|mongod|redis|" +
  "elasticsearch|kafka|rabbitmq|nats|kubelet|dockerd|containerd";
const highNames = "systemd|init|kernel|sshd|chronyd|networkd";
const runtimeNames = "python|python3|java|node|ruby|go";
const webNames = "nginx|apache|apache2|httpd|haproxy|envoy";
const databaseNames =
  "postgres|postgresql|mysql|mysqld|mongodb|mongod|redis|elasticsearch|kafka|rabbitmq|nats";

const executableName = 'attributes["process.executable.name"]';

/** Matches a name from `alternatives`, also with a suffix such as `-worker`, but not `google` for `go`. */
const named = (alternatives: string): string => `^(${alternatives})([^a-z].*)?$`;

/** OTTL string literals take backslash escapes, so a regular expression needs them doubled. */
const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const setWhere = (key: string, value: string, pattern: string): string =>
  `set(attributes["${key}"], "${value}") where IsMatch(${executableName}, ${quote(pattern)})`;

const transform = (statements: readonly string[]): unknown => ({
  error_mode: "ignore",
  metric_statements: [{ context: "resource", statements }],
});

/** A condition that holds for resources whose `key` is one of `values`. */
export const attributeIs = (key: string, ...values: string[]): string =>
  values.map((value) => `resource.attributes["${key}"] == "${value}"`).join(" or ");

/** A `filter` processor that drops each data point for which one of `conditions` holds. */
export const dropWhere = (...conditions: string[]): unknown => ({
  error_mode: "ignore",
  metrics: { datapoint: conditions },
});

/**
 * Gives each process a `process.priority`: critical, high, medium or low.
 *
 * @param criticalProcesses - Further names or name globs that count as critical.
 */
export function classifyPriority(criticalProcesses: readonly string[]): unknown {
  return transform([
    'set(attributes["process.priority"], "low")',
    setWhere("process.priority", "medium", named(runtimeNames)),
    setWhere("process.priority", "high", named(highNames)),
    setWhere("process.priority", "critical", named(criticalNames)),
    ...criticalProcesses.map((name) => setWhere("process.priority", "critical", globToRegex(name))),
  ]);
}

/** Gives each process a `process.category`, by which low-priority ones are put together. */
export const classifyCategory: unknown = transform([
  'set(attributes["process.category"], "other")',
  setWhere("process.category", "browsers", "^(chrome|chromium|firefox|safari|edge|brave)"),
  setWhere("process.category", "dev_tools", "^(code|vim|emacs|idea|git|make|gcc|npm)"),
  setWhere("process.category", "communication", "^(slack|zoom|teams|discord|thunderbird)"),
  setWhere("process.category", "monitoring", "^(prometheus|grafana|telegraf|collectd|node_exporter)"),
  setWhere("process.category", "utilities", "^(cron|bash|sh|sed|awk|grep|rsync|batch|job|temp)"),
]);

/** Gives each process a `process.type`: database, web, runtime, or other. */
export const classifyType: unknown = transform([
  'set(attributes["process.type"], "other")',
  setWhere("process.type", "runtime", named(runtimeNames)),
  setWhere("process.type", "web", named(webNames)),
  setWhere("process.type", "database", named(databaseNames)),
]);

/** Names a group of processes after its category. */
export const nameAfterCategory: unknown = transform([
  'set(attributes["process.executable.name"], Concat(["aggregated", attributes["process.category"]], "_"))',
]);
