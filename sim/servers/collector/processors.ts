/** Every processor that a simulated collector knows, by kind. */
import { createHash } from "node:crypto";

import { readStatementGroup, type OttlContext } from "../../../src/generator/index.js";
import { ConfigProblem } from "./config-problem.js";
import {
  calculated,
  identityOf,
  keyOfAttributes,
  mergePoints,
  sameStructure,
  withMetrics,
  type Aggregation,
  type Attributes,
  type AttributeValue,
  type Cell,
  type Metric,
  type Pass,
  type Point,
  type ResourceMetrics,
} from "./metrics.js";
import {
  OttlFailure,
  stringify,
  type Expression,
  type OttlCompiler,
  type OttlScope,
  type OttlValue,
  type RegexCompiler,
  type Statement,
  type Working,
} from "./ottl.js";
import { createRotatingMemo } from "./rotating-memo.js";

// What a processor is to a pipeline.

/** Judges each resource by itself: gives it back, changed or not, or drops it with undefined. */
interface EachStage {
  readonly type: "each";
  /** The structure of the outcome depends on metric values; otherwise it is remembered for the life of a resource. */
  readonly dynamic: boolean;
  readonly apply: (resource: ResourceMetrics) => ResourceMetrics | undefined;
}

/** Looks at all resources of a pass together. */
interface AllStage {
  readonly type: "all";
  /** Which resources come out depends on metric values; otherwise the same resources come out of the same. */
  readonly dynamic: boolean;
  readonly apply: (resources: readonly ResourceMetrics[]) => readonly ResourceMetrics[];
}

export type Stage = EachStage | AllStage;

/** What a processor may use while it is built. */
export interface ProcessorTools {
  readonly ottl: OttlCompiler;
  readonly hostName: string;
  readonly pass: Pass;
}

type Section = Readonly<Record<string, unknown>>;

/** Builds one stage, with its own memory, for one pipeline. The shape of its configuration was checked before. */
type Processor = (config: Section, tools: ProcessorTools) => Stage;

// A resource unseen for so many passes is judged anew when it comes back, with the same result.
const forgottenAfterPasses = 16;

const section = (value: unknown): Section => (value ?? {}) as Section;
/** A scalar of a configuration, as a text. */
const asText = (value: unknown): string => stringify((value ?? null) as OttlValue);
const texts = (value: unknown): readonly string[] => (value ?? []) as readonly string[];

/** A stage that lets everything through. */
const passThrough: Processor = () => ({ type: "each", dynamic: false, apply: (resource) => resource });

const each = (apply: EachStage["apply"]): EachStage => ({ type: "each", dynamic: false, apply });

const mapMetrics = (change: (metric: Metric) => Metric | undefined): EachStage["apply"] => {
  return (resource) => {
    const metrics = resource.metrics.map(change).filter((metric) => metric !== undefined);
    return withMetrics(resource, metrics);
  };
};

const textMatcher =
  (matchType: unknown, regex: RegexCompiler) =>
  (wanted: string): ((text: string) => boolean) =>
    matchType === "regexp" ? regex(wanted).test : (text) => text === wanted;

// OTTL on resources: working copies, and the way back.

const metricContexts: readonly OttlContext[] = ["datapoint", "metric", "scope", "resource"];

function toWorking({ attributes, scope, metrics }: ResourceMetrics): Working {
  return {
    attributes: { ...attributes },
    scope: { ...scope },
    metrics: metrics.map((metric) => ({
      ...metric,
      points: metric.points.map((point) => ({ attributes: { ...point.attributes }, cell: point.cell })),
    })),
  };
}

/** Lists and maps become texts, as exporters write them. */
function toAttributes(working: Readonly<Record<string, OttlValue>>): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [key, value] of Object.entries(working))
    if (value !== null) attributes[key] = typeof value === "object" ? stringify(value) : value;
  return attributes;
}

const fromWorking = ({ attributes, scope, metrics }: Working): ResourceMetrics => ({
  attributes: toAttributes(attributes),
  scope,
  metrics: metrics.map((metric) => ({
    ...metric,
    points: metric.points.map((point) => ({
      attributes: toAttributes(point.attributes),
      cell: point.cell,
    })),
  })),
});

/** Gives the outcome of the last pass again when the new one looks alike, so that later stages remember it. */
function steady(apply: EachStage["apply"]): EachStage["apply"] {
  const last = createRotatingMemo<ResourceMetrics, { outcome: ResourceMetrics | undefined }>(
    // Without the end of a pass in sight, a span of calls stands for it.
    4096,
  );
  return (resource) => {
    const known = last.get(resource, () => ({ outcome: undefined }));
    last.endRound();
    const outcome = apply(resource);
    if (outcome === undefined) return undefined;
    if (known.outcome !== undefined && sameStructure(known.outcome, outcome)) return known.outcome;
    known.outcome = outcome;
    return outcome;
  };
}

// `filter`: drops resources, metrics or data points for which a condition holds; the older form keeps (`include`) and
// drops (`exclude`) by names of metrics and by attributes of the resource.

const filter: Processor = (config, { ottl }) => {
  const metrics = section(config["metrics"]);
  const ignore = config["error_mode"] === "ignore" || config["error_mode"] === "silent";
  // The newer form names or infers the context of each condition.
  const groups = ((config["metric_conditions"] ?? []) as readonly unknown[]).map((group) =>
    readStatementGroup(typeof group === "string" ? { conditions: [group] } : group, metricContexts),
  );
  if (groups.some(({ context }) => context === "scope"))
    throw new ConfigProblem("conditions on scopes are not simulated");
  const conditions = (["resource", "metric", "datapoint"] as const).map((context) =>
    [
      ...texts(metrics[context]),
      ...groups.filter((group) => group.context === context).flatMap((group) => group.conditions),
    ].map((text) => ottl.condition(text, context, true)),
  );
  const [resource = [], metric = [], datapoint = []] = conditions;
  const isTrue = (scope: OttlScope) => (condition: Expression) => holds(condition, scope, ignore);
  const include = metricMatcher(metrics["include"], ottl.regex);
  const exclude = metricMatcher(metrics["exclude"], ottl.regex);
  const judge = (given: ResourceMetrics): ResourceMetrics | undefined => {
    if (include?.resource?.(given.attributes) === false) return undefined;
    if (exclude?.resource?.(given.attributes) === true) return undefined;
    const working = given as unknown as Working;
    const scope = { resource: working, metric: undefined, point: undefined, cache: {} };
    if (resource.some(isTrue(scope))) return undefined;
    return mapMetrics((each) => {
      if (include?.name?.(each.name) === false || exclude?.name?.(each.name) === true) return undefined;
      const of = { ...scope, metric: each as OttlScope["metric"] };
      if (metric.some(isTrue(of))) return undefined;
      if (datapoint.length === 0) return each;
      const points = each.points.filter((point) => !datapoint.some(isTrue({ ...of, point })));
      if (points.length === 0) return undefined;
      return points.length === each.points.length ? each : { ...each, points };
    })(given);
  };
  const dynamic = conditions.flat().some((condition) => condition.dynamic);
  return { type: "each", dynamic, apply: dynamic ? steady(judge) : judge };
};

/** @param ignore - A condition that fails does not hold; otherwise the failure goes on. */
function holds(condition: Expression, scope: OttlScope, ignore: boolean): boolean {
  try {
    return condition.evaluate(scope) === true;
  } catch (error) {
    if (ignore && error instanceof OttlFailure) return false;
    throw error;
  }
}

/** The older form of `filter`. What it does not mention is undefined. */
interface MetricMatcher {
  readonly resource: ((attributes: Attributes) => boolean) | undefined;
  readonly name: ((name: string) => boolean) | undefined;
}

function metricMatcher(config: unknown, regex: RegexCompiler): MetricMatcher | undefined {
  if (config === undefined || config === null) return undefined;
  const { match_type, metric_names, resource_attributes, expressions } = section(config);
  if (match_type === "expr" || expressions !== undefined) {
    throw new ConfigProblem("expressions (match_type expr) are not simulated; use OTTL conditions");
  }
  const matcher = textMatcher(match_type, regex);
  const names = texts(metric_names).map(matcher);
  const wanted = attributeMatchers(resource_attributes, match_type, regex);
  return {
    resource: wanted.length === 0 ? undefined : (attributes) => wanted.every((each) => each(attributes)),
    name: names.length === 0 ? undefined : (name) => names.some((matches) => matches(name)),
  };
}

function attributeMatchers(
  list: unknown,
  matchType: unknown,
  regex: RegexCompiler,
): ((attributes: Attributes) => boolean)[] {
  return ((list ?? []) as readonly Section[]).map(({ key, value }) => {
    const matches =
      typeof value === "string"
        ? textMatcher(matchType, regex)(value)
        : (text: string) => value === undefined || value === null || text === asText(value);
    return (attributes: Attributes) => {
      const found = attributes[String(key)];
      return found !== undefined && matches(String(found));
    };
  });
}

// `transform`: runs OTTL statements on resources, scopes, metrics and data points.

interface Group {
  readonly context: string;
  readonly statements: readonly Statement[];
  readonly conditions: readonly Expression[];
  readonly ignore: boolean;
}

const transform: Processor = (config, { ottl }) => {
  const mode = config["error_mode"];
  const groups = ((config["metric_statements"] ?? []) as readonly unknown[]).map((given): Group => {
    const { context, statements, conditions, errorMode } = readStatementGroup(given, metricContexts);
    const chosen = errorMode ?? mode;
    return {
      context,
      statements: statements.map((text) => ottl.statement(text, context)),
      conditions: conditions.map((text) => ottl.condition(text, context)),
      ignore: chosen === "ignore" || chosen === "silent",
    };
  });
  const dynamic = groups.some(({ statements, conditions }) =>
    [...statements, ...conditions].some((part) => part.dynamic),
  );
  const changesMetrics = groups.some(({ statements }) => statements.some((each) => each.changesMetrics));
  const apply = (given: ResourceMetrics): ResourceMetrics => {
    const working = changesMetrics
      ? toWorking(given)
      : { ...(given as unknown as Working), attributes: { ...given.attributes } };
    for (const group of groups) runGroup(group, working);
    if (changesMetrics) return fromWorking(working);
    return { attributes: toAttributes(working.attributes), scope: working.scope, metrics: given.metrics };
  };
  return { type: "each", dynamic, apply: dynamic ? steady(apply) : apply };
};

function runGroup(group: Group, resource: Working): void {
  const scope = { resource, metric: undefined, point: undefined, cache: {} };
  if (group.context === "resource" || group.context === "scope") {
    runStatements(group, scope);
    return;
  }
  // A statement may add metrics; those come after the ones that are looked at now.
  for (const metric of resource.metrics.slice()) {
    if (group.context === "metric") runStatements(group, { resource, metric, point: undefined, cache: {} });
    else for (const point of metric.points) runStatements(group, { resource, metric, point, cache: {} });
  }
}

function runStatements({ statements, conditions, ignore }: Group, scope: OttlScope): void {
  const wanted = conditions.length === 0 || conditions.some((condition) => holds(condition, scope, ignore));
  if (!wanted) return;
  for (const { run } of statements) {
    try {
      run(scope);
    } catch (error) {
      if (!ignore || !(error instanceof OttlFailure)) throw error;
    }
  }
}

// `groupbyattrs`: moves attributes of data points to the resource, and puts resources together that are then alike.
// It adds nothing up.

const groupByAttributes: Processor = (config) => {
  const keys = texts(config["keys"]);
  const known = new WeakMap<ResourceMetrics, readonly Part[]>();
  const partsOf = (resource: ResourceMetrics): readonly Part[] => {
    const parts = known.get(resource) ?? splitResource(resource, keys);
    known.set(resource, parts);
    return parts;
  };
  let together = new Map<string, { members: readonly ResourceMetrics[]; whole: ResourceMetrics }>();
  return {
    type: "all",
    dynamic: false,
    apply: (resources) => {
      const groups = new Map<string, ResourceMetrics[]>();
      for (const { id, resource } of resources.flatMap(partsOf)) {
        const group = groups.get(id);
        if (group === undefined) groups.set(id, [resource]);
        else group.push(resource);
      }
      // A group whose members are the same stays the same, so that later stages remember it.
      together = new Map(
        [...groups].map(([id, members]) => {
          const last = together.get(id);
          const whole =
            last !== undefined && sameList(last.members, members) ? last.whole : putTogether(members);
          return [id, { members, whole }];
        }),
      );
      return [...together.values()].map(({ whole }) => whole);
    },
  };
};

/** A part of a resource, with a text that parts have in common which belong to one resource. */
interface Part {
  readonly id: string;
  readonly resource: ResourceMetrics;
}

/** Splits a resource by the values that its data points have for the keys; most have none of them. */
function splitResource(resource: ResourceMetrics, keys: readonly string[]): readonly Part[] {
  const { scope } = resource;
  const parts = new Map<string, { attributes: Attributes; metrics: Map<Metric, Point[]> }>();
  let moves = false;
  for (const metric of resource.metrics) {
    for (const point of metric.points) {
      const moved = keys.filter((key) => point.attributes[key] !== undefined);
      moves ||= moved.length > 0;
      const attributes = { ...resource.attributes };
      const rest = { ...point.attributes };
      for (const key of moved) {
        attributes[key] = point.attributes[key] ?? "";
        delete rest[key];
      }
      const id = keyOfAttributes(attributes);
      const part = parts.get(id) ?? { attributes, metrics: new Map<Metric, Point[]>() };
      parts.set(id, part);
      const points = part.metrics.get(metric) ?? [];
      part.metrics.set(metric, points);
      points.push(moved.length === 0 ? point : { attributes: rest, cell: point.cell });
    }
  }
  const idOf = (id: string): string => `${id} ${scope.name} ${scope.version}`;
  if (!moves) return [{ id: idOf(keyOfAttributes(resource.attributes)), resource }];
  return [...parts].map(([id, { attributes, metrics }]) => ({
    id: idOf(id),
    resource: {
      attributes,
      scope,
      metrics: [...metrics].map(([metric, points]) => withPoints(metric, points)),
    },
  }));
}

const withPoints = (metric: Metric, points: readonly Point[]): Metric => ({ ...metric, points });

/** One resource of several that are alike, with the data points of all. */
function putTogether(resources: readonly ResourceMetrics[]): ResourceMetrics {
  const [first] = resources;
  if (first === undefined) throw new TypeError("nothing to put together");
  if (resources.length === 1) return first;
  const metrics = new Map<string, { metric: Metric; points: Point[] }>();
  for (const metric of resources.flatMap((resource) => resource.metrics)) {
    const identity = identityOf(metric);
    const known = metrics.get(identity);
    if (known === undefined) metrics.set(identity, { metric, points: [...metric.points] });
    else known.points.push(...metric.points);
  }
  return { ...first, metrics: [...metrics.values()].map(({ metric, points }) => withPoints(metric, points)) };
}

// `resourcedetection`: says on which host the data was read.

const resourceDetection: Processor = (config, { hostName }) => {
  const { override = true, detectors } = config;
  const found: Record<string, AttributeValue> = {};
  if (texts(detectors ?? ["env"]).includes("system")) {
    const wanted = section(section(config["system"])["resource_attributes"]);
    const isOn = (name: string): boolean => section(wanted[name])["enabled"] !== false;
    if (isOn("host.name")) found["host.name"] = hostName;
    if (isOn("os.type")) found["os.type"] = "linux";
  }
  return each((resource) => {
    const attributes =
      override === true ? { ...resource.attributes, ...found } : { ...found, ...resource.attributes };
    return { ...resource, attributes };
  });
};

// `resource` and `attributes`: put attributes in, change them, or take them away; of the resource, or of data points.

type Change = (attributes: Record<string, AttributeValue>) => void;

function attributeChanges(actions: unknown, regex: RegexCompiler): (attributes: Attributes) => Attributes {
  const changes = ((actions ?? []) as readonly Section[]).map((action) => attributeChange(action, regex));
  return (attributes) => {
    const changed = { ...attributes };
    for (const change of changes) change(changed);
    return changed;
  };
}

function attributeChange(action: Section, regex: RegexCompiler): Change {
  const { key, value, from_attribute, from_context, pattern, converted_type } = action;
  const name = String(key);
  const matching = typeof pattern === "string" ? regex(pattern) : undefined;
  const all = (attributes: Attributes): string[] =>
    Object.keys(attributes).filter((each) => each === key || matching?.test(each) === true);
  if (from_context !== undefined) throw new ConfigProblem("from_context is not simulated");
  const source = (attributes: Attributes): AttributeValue | undefined =>
    from_attribute === undefined ? (value as AttributeValue) : attributes[asText(from_attribute)];
  const set = (attributes: Record<string, AttributeValue>, when: boolean): void => {
    const given = source(attributes);
    if (when && given !== undefined) attributes[name] = given;
  };
  switch (action["action"]) {
    case "insert":
      return (attributes) => set(attributes, attributes[name] === undefined);
    case "update":
      return (attributes) => set(attributes, attributes[name] !== undefined);
    case "upsert":
      return (attributes) => set(attributes, true);
    case "delete":
      return (attributes) => {
        for (const each of all(attributes)) delete attributes[each];
      };
    case "hash":
      return (attributes) => {
        for (const each of all(attributes))
          attributes[each] = createHash("sha256").update(String(attributes[each])).digest("hex");
      };
    case "extract":
      return (attributes) => {
        const found = attributes[name];
        if (typeof found !== "string") return;
        for (const [group, text] of Object.entries(matching?.groups(found) ?? {}))
          if (!/^\d+$/.test(group)) attributes[group] = text;
      };
    case "convert":
      return (attributes) => {
        const found = attributes[name];
        if (found === undefined) return;
        const number = Number(found);
        if (converted_type === "string") attributes[name] = String(found);
        else if (!Number.isNaN(number))
          attributes[name] = converted_type === "int" ? Math.trunc(number) : number;
      };
    default:
      throw new ConfigProblem(`the action ${String(action["action"])} is not simulated`);
  }
}

const resource: Processor = (config, { ottl }) => {
  const change = attributeChanges(config["attributes"], ottl.regex);
  return each((given) => ({ ...given, attributes: change(given.attributes) }));
};

const attributes: Processor = (config, { ottl }) => {
  const change = attributeChanges(config["actions"], ottl.regex);
  const [include, exclude] = [config["include"], config["exclude"]].map((matcher) =>
    propertiesMatcher(matcher, ottl.regex),
  );
  return each((given) =>
    mapMetrics((metric) => {
      if (include?.(given, metric) === false || exclude?.(given, metric) === true) return metric;
      const points = metric.points.map((point) => ({ ...point, attributes: change(point.attributes) }));
      return { ...metric, points };
    })(given),
  );
};

function propertiesMatcher(
  config: unknown,
  regex: RegexCompiler,
): ((resource: ResourceMetrics, metric: Metric) => boolean) | undefined {
  if (config === undefined || config === null) return undefined;
  const { match_type, metric_names, resources, regexp: _, ...others } = section(config);
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ConfigProblem(`matching metrics by ${other} is not simulated`);
  const names = texts(metric_names).map(textMatcher(match_type, regex));
  const wanted = attributeMatchers(resources, match_type, regex);
  return (resource, { name }) =>
    (names.length === 0 || names.some((matches) => matches(name))) &&
    wanted.every((matches) => matches(resource.attributes));
}

// `metricstransform`: renames, copies, combines and groups metrics; changes and adds up their data points.

const metricsTransform: Processor = (config, { ottl }) => {
  const transforms = ((config["transforms"] ?? []) as readonly Section[]).map((transform) =>
    metricTransform(transform, ottl.regex),
  );
  const known = new WeakMap<ResourceMetrics, readonly ResourceMetrics[]>();
  const applyAll = (resource: ResourceMetrics): readonly ResourceMetrics[] =>
    transforms.reduce<readonly ResourceMetrics[]>(
      (current, transform) => current.flatMap(transform),
      [resource],
    );
  return {
    type: "all",
    dynamic: false,
    apply: (resources) =>
      resources.flatMap((resource) => {
        const outcome = known.get(resource) ?? applyAll(resource);
        known.set(resource, outcome);
        return outcome;
      }),
  };
};

type MetricTransform = (resource: ResourceMetrics) => readonly ResourceMetrics[];

function metricTransform(config: Section, regex: RegexCompiler): MetricTransform {
  const { include, match_type, action, new_name, operations, experimental_match_labels } = config;
  const pattern = match_type === "regexp" ? regex(String(include)) : undefined;
  const matches = (name: string): boolean => pattern?.test(name) ?? name === include;
  const rename = (name: string): string => {
    if (new_name === undefined) return name;
    // Only a name by pattern may take parts of the old name.
    return pattern === undefined ? asText(new_name) : pattern.replace(name, asText(new_name));
  };
  const labels = Object.entries(section(experimental_match_labels)).map(([label, value]) => {
    const wanted = textMatcher(match_type, regex)(String(value));
    return ({ attributes }: Point) => wanted(String(attributes[label] ?? ""));
  });
  const isMeant = (point: Point): boolean => labels.every((matches) => matches(point));
  const operate = (metric: Metric): Metric =>
    ((operations ?? []) as readonly Section[]).reduce(applyOperation, metric);
  const changed = (metric: Metric): Metric => operate({ ...metric, name: rename(metric.name) });

  const parts = (metric: Metric): { meant: Metric; rest: Metric } => ({
    meant: { ...metric, points: metric.points.filter(isMeant) },
    rest: { ...metric, points: metric.points.filter((point) => !isMeant(point)) },
  });
  const nonEmpty = (metrics: readonly Metric[]): Metric[] =>
    metrics.filter(({ points }) => points.length > 0);

  return (resource) => {
    const chosen = resource.metrics.filter(({ name, points }) => matches(name) && points.some(isMeant));
    if (chosen.length === 0) return [resource];
    const others = resource.metrics.filter((metric) => !chosen.includes(metric));
    const split = chosen.map(parts);
    switch (action) {
      case "insert":
        return [
          {
            ...resource,
            metrics: nonEmpty([...resource.metrics, ...split.map(({ meant }) => changed(meant))]),
          },
        ];
      case "combine": {
        const combined = combine(
          split.map(({ meant }) => meant),
          config,
          pattern,
        );
        const rest = split.map(({ rest }) => rest);
        return [{ ...resource, metrics: nonEmpty([...others, ...rest, operate(combined)]) }];
      }
      case "group": {
        const labels = section(config["group_resource_labels"]) as Attributes;
        const moved = {
          ...resource,
          attributes: { ...resource.attributes, ...labels },
          metrics: nonEmpty(split.map(({ meant }) => changed(meant))),
        };
        const left = withMetrics(resource, nonEmpty([...others, ...split.map(({ rest }) => rest)]));
        return left === undefined ? [moved] : [left, moved];
      }
      default: {
        const metrics = resource.metrics.flatMap((metric) => {
          const index = chosen.indexOf(metric);
          const part = split[index];
          return part === undefined ? [metric] : [changed(part.meant), part.rest];
        });
        return [{ ...resource, metrics: nonEmpty(metrics) }];
      }
    }
  };
}

/** Puts metrics into one; what named groups of the pattern match becomes labels. */
function combine(
  metrics: readonly Metric[],
  { new_name, aggregation_type = "sum", submatch_case }: Section,
  pattern: ReturnType<RegexCompiler> | undefined,
): Metric {
  const [first] = metrics;
  if (first === undefined) throw new TypeError("nothing to combine");
  const points = metrics.flatMap((metric) => {
    const labels: Record<string, string> = {};
    for (const [group, text] of Object.entries(pattern?.groups(metric.name) ?? {})) {
      if (/^\d+$/.test(group)) continue;
      labels[group] =
        submatch_case === "lower"
          ? text.toLowerCase()
          : submatch_case === "upper"
            ? text.toUpperCase()
            : text;
    }
    return metric.points.map((point) => ({ ...point, attributes: { ...point.attributes, ...labels } }));
  });
  return { ...first, name: String(new_name), points: mergePoints(points, aggregation_type as Aggregation) };
}

function applyOperation(metric: Metric, operation: Section): Metric {
  const { label, new_label, new_value, label_value, aggregation_type = "sum" } = operation;
  const key = String(label);
  const aggregation = aggregation_type as Aggregation;
  const changePoints = (change: (attributes: Record<string, AttributeValue>) => void): Point[] =>
    metric.points.map(({ attributes, cell }) => {
      const changed = { ...attributes };
      change(changed);
      return { attributes: changed, cell };
    });
  switch (operation["action"]) {
    case "add_label":
      return {
        ...metric,
        points: changePoints((attributes) => {
          attributes[String(new_label)] = String(new_value);
        }),
      };
    case "update_label": {
      const values = new Map(
        ((operation["value_actions"] ?? []) as readonly Section[]).map(({ value, new_value }) => [
          String(value),
          String(new_value),
        ]),
      );
      return {
        ...metric,
        points: changePoints((attributes) => {
          const found = attributes[key];
          if (found === undefined) return;
          delete attributes[key];
          attributes[String(new_label ?? label)] = values.get(String(found)) ?? found;
        }),
      };
    }
    case "delete_label_value":
      return { ...metric, points: metric.points.filter(({ attributes }) => attributes[key] !== label_value) };
    case "toggle_scalar_data_type": {
      const number = metric.number === "int" ? "double" : "int";
      return { ...metric, number, points: scaled(metric.points, 1, number) };
    }
    case "experimental_scale_value":
      return {
        ...metric,
        points: scaled(metric.points, Number(operation["experimental_scale"]), metric.number),
      };
    case "aggregate_labels": {
      const kept = new Set(texts(operation["label_set"]));
      const points = changePoints((attributes) => {
        for (const each of Object.keys(attributes)) if (!kept.has(each)) delete attributes[each];
      });
      return { ...metric, points: mergePoints(points, aggregation) };
    }
    case "aggregate_label_values": {
      const merged = new Set(texts(operation["aggregated_values"]));
      const points = changePoints((attributes) => {
        if (merged.has(String(attributes[key]))) attributes[key] = String(new_value);
      });
      return { ...metric, points: mergePoints(points, aggregation) };
    }
    default:
      throw new ConfigProblem(`the operation ${String(operation["action"])} is not simulated`);
  }
}

const scaled = (points: readonly Point[], factor: number, number: Metric["number"]): Point[] =>
  points.map(({ attributes, cell }) => ({
    attributes,
    cell: calculated(cell, (value) => (number === "int" ? Math.trunc(value * factor) : value * factor)),
  }));

// `cumulativetodelta` and `deltatocumulative`: between what a counter stands at and what it gained.

const cumulativeToDelta: Processor = (config, { ottl, pass }) => {
  const { initial_value = "auto" } = config;
  const matcher = (key: string): ((metric: Metric) => boolean) | undefined => {
    if (config[key] === undefined || config[key] === null) return undefined;
    const { metrics, match_type, metric_types } = section(config[key]);
    const names = texts(metrics).map(textMatcher(match_type, ottl.regex));
    const types = texts(metric_types);
    return ({ name, type }) =>
      (names.length === 0 || names.some((matches) => matches(name))) &&
      (types.length === 0 || types.includes(type));
  };
  const [include, exclude] = [matcher("include"), matcher("exclude")];
  return each(
    mapMetrics((metric) => {
      const { type, monotonic, temporality } = metric;
      if (type !== "sum" || !monotonic || temporality !== "cumulative") return metric;
      if (include?.(metric) === false || exclude?.(metric) === true) return metric;
      const points = metric.points.map(({ attributes, cell }) => ({
        attributes,
        cell: gainOf(cell, pass, initial_value === "keep"),
      }));
      return { ...metric, temporality: "delta", points };
    }),
  );
};

/** What a counter gained since the last pass; since the collector began, for the first. */
function gainOf(cell: Cell, pass: Pass, keepFirst: boolean): Cell {
  let [number, startMs, last, gain, sinceStart] = [-1, Number.NaN, 0, 0, 0];
  let base = 0;
  function update(): void {
    if (pass.number === number) return;
    if (pass.startMs !== startMs) {
      startMs = pass.startMs;
      base = keepFirst ? 0 : (cell.before?.(startMs) ?? cell.value);
      last = base;
    }
    number = pass.number;
    const { value } = cell;
    // A counter that fell began again at zero.
    if (value < last) base -= last;
    gain = value < last ? value : value - last;
    sinceStart = value - base;
    last = value;
  }
  return {
    get value() {
      update();
      return gain;
    },
    get sinceStart() {
      update();
      return sinceStart;
    },
  };
}

/** What the gains of a counter add up to since the collector began. */
export function totalOf(cell: Cell, pass: Pass): Cell {
  let [number, startMs, total] = [-1, Number.NaN, 0];
  return {
    get value() {
      if (cell.sinceStart !== undefined) return cell.sinceStart;
      if (pass.number === number) return total;
      if (pass.startMs !== startMs) [startMs, total] = [pass.startMs, 0];
      number = pass.number;
      total += cell.value;
      return total;
    },
  };
}

const deltaToCumulative: Processor = (_, { pass }) =>
  each(
    mapMetrics((metric) => {
      if (metric.type !== "sum" || metric.temporality !== "delta") return metric;
      const points = metric.points.map(({ attributes, cell }) => ({ attributes, cell: totalOf(cell, pass) }));
      return { ...metric, temporality: "cumulative", points };
    }),
  );

// `phoenix_topk`: the platform's own; keeps the k resources with the highest value of one metric. Ties go to the lower
// pid, so that they last.

const topK: Processor = ({ k, by = "process.cpu.utilization" }) => {
  const valueOf = ({ metrics }: ResourceMetrics): number =>
    metrics.find(({ name }) => name === by)?.points.reduce((sum, { cell }) => sum + cell.value, 0) ??
    Number.NEGATIVE_INFINITY;
  const pid = ({ attributes }: ResourceMetrics): number => Number(attributes["process.pid"] ?? 0);
  return {
    type: "all",
    dynamic: true,
    apply: (resources) => {
      if (resources.length <= Number(k)) return resources;
      const ranked = resources
        .map((resource) => ({ resource, value: valueOf(resource) }))
        .sort((a, b) => b.value - a.value || pid(a.resource) - pid(b.resource));
      const kept = new Set(ranked.slice(0, Number(k)).map(({ resource }) => resource));
      return resources.filter((resource) => kept.has(resource));
    },
  };
};

const processors: Readonly<Record<string, Processor>> = {
  memory_limiter: passThrough,
  batch: passThrough,
  attributes,
  cumulativetodelta: cumulativeToDelta,
  deltatocumulative: deltaToCumulative,
  filter,
  groupbyattrs: groupByAttributes,
  metricstransform: metricsTransform,
  phoenix_topk: topK,
  resource,
  resourcedetection: resourceDetection,
  transform,
};

/** @throws ConfigProblem when the processor, or something that its configuration asks for, is not simulated. */
export function buildStage(type: string, config: unknown, tools: ProcessorTools): Stage {
  const processor = Object.hasOwn(processors, type) ? processors[type] : undefined;
  if (processor === undefined) {
    throw new ConfigProblem(`this kind is not simulated; ${Object.keys(processors).join(", ")} are`);
  }
  return processor(section(config), tools);
}

// One pipeline: its processors in order, with what never changes remembered per resource.

export interface Pipeline {
  run(resources: readonly ResourceMetrics[]): readonly ResourceMetrics[];
}

type Step = (resources: readonly ResourceMetrics[]) => readonly ResourceMetrics[];

/** Joins stages. Neighbours whose outcome cannot change run once per resource, not once per pass. */
export function createPipeline(stages: readonly Stage[]): Pipeline {
  const steps: Step[] = [];
  let fixed: EachStage[] = [];
  const closeFixed = (): void => {
    if (fixed.length > 0) steps.push(onSameInput(rememberedStep(fixed)));
    fixed = [];
  };
  for (const stage of stages) {
    if (stage.type === "each" && !stage.dynamic) {
      fixed.push(stage);
      continue;
    }
    closeFixed();
    if (stage.type === "all") steps.push(stage.dynamic ? stage.apply : onSameInput(stage.apply));
    else steps.push((resources) => collect(resources, stage.apply));
  }
  closeFixed();
  return {
    run: (resources) => {
      try {
        return steps.reduce((current, step) => step(current), resources);
      } catch (error) {
        // As with `error_mode: propagate`: the data of this pass is lost.
        if (error instanceof OttlFailure) return [];
        throw error;
      }
    },
  };
}

const sameList = (a: readonly ResourceMetrics[], b: readonly ResourceMetrics[]): boolean =>
  a === b || (a.length === b.length && a.every((resource, index) => resource === b[index]));

/** The same resources in the same order lead to the same outcome. */
function onSameInput(step: Step): Step {
  let [input, output]: (readonly ResourceMetrics[])[] = [];
  return (resources) => {
    if (input !== undefined && output !== undefined && sameList(resources, input)) return output;
    [input, output] = [resources, step(resources)];
    return output;
  };
}

function rememberedStep(stages: readonly EachStage[]): Step {
  const outcomes = createRotatingMemo<ResourceMetrics, ResourceMetrics | undefined>(forgottenAfterPasses);
  const applyAll = (resource: ResourceMetrics): ResourceMetrics | undefined => {
    let current: ResourceMetrics | undefined = resource;
    for (const stage of stages) {
      if (current === undefined) return undefined;
      current = stage.apply(current);
    }
    return current;
  };
  return (resources) => {
    const result = collect(resources, (resource) => outcomes.get(resource, applyAll));
    outcomes.endRound();
    return result;
  };
}

function collect(
  resources: readonly ResourceMetrics[],
  apply: EachStage["apply"],
): readonly ResourceMetrics[] {
  const result: ResourceMetrics[] = [];
  for (const resource of resources) {
    const outcome = apply(resource);
    if (outcome !== undefined) result.push(outcome);
  }
  return result;
}
