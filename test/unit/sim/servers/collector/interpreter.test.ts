/** What each part of a configuration does to the series that a collector exposes. */
import { describe, expect, test } from "vitest";
import { createTestNode, parseText, type Series } from "./test-node.js";

interface Parts {
  readonly processors?: Record<string, unknown>;
  readonly scraper?: Record<string, unknown>;
  readonly exporter?: Record<string, unknown>;
  readonly more?: Record<string, unknown>;
}

function configuration({ processors = {}, scraper = {}, exporter = {}, more = {} }: Parts): string {
  return JSON.stringify({
    receivers: { hostmetrics: { collection_interval: "10s", scrapers: { process: scraper } } },
    processors,
    exporters: {
      prometheus: {
        endpoint: "0.0.0.0:8888",
        resource_to_telemetry_conversion: { enabled: true },
        ...exporter,
      },
    },
    service: {
      pipelines: {
        metrics: {
          receivers: ["hostmetrics"],
          processors: Object.keys(processors),
          exporters: ["prometheus"],
        },
      },
    },
    ...more,
  });
}

/** Series of processes a minute after the collector began. */
function seriesWith(parts: Parts, { afterMs = 60_000 } = {}): Series[] {
  const node = createTestNode({ seed: 4 });
  node.advance(100_000);
  const reply = node.putConfig("exp", "baseline", 1, configuration(parts));
  expect(reply).toMatchObject({ metrics_port: 8888 });
  node.advance(2000 + afterMs);
  return parseText(node.scrape(8888)).filter(({ name }) => !/phoenix|otelcol/.test(name));
}

function refusalOf(parts: Parts): string {
  const { errors } = createTestNode().putConfig("exp", "baseline", 1, configuration(parts));
  return (errors as string[]).join("\n");
}

const namesOf = (series: readonly Series[]): string[] => [...new Set(series.map(({ name }) => name))].sort();
const labelsOf = (series: readonly Series[], label: string): (string | undefined)[] =>
  [...new Set(series.map(({ labels }) => labels[label]))].sort((a = "", b = "") => (a < b ? -1 : 1));
const sumOf = (series: readonly Series[], wanted: string): number =>
  series.filter(({ name }) => name === wanted).reduce((sum, { value }) => sum + value, 0);
const only = (series: readonly Series[], name: string): Series[] =>
  series.filter((each) => each.name === name);

const defaults = [
  "process_cpu_time_seconds_total",
  "process_disk_io_bytes_total",
  "process_memory_usage_bytes",
  "process_memory_virtual_bytes",
];

describe("the receiver", () => {
  test("reads what is on by default, by state and direction", () => {
    const series = seriesWith({});
    expect(namesOf(series)).toEqual(defaults);
    expect(labelsOf(only(series, "process_cpu_time_seconds_total"), "state")).toEqual([
      "system",
      "user",
      "wait",
    ]);
    expect(labelsOf(only(series, "process_disk_io_bytes_total"), "direction")).toEqual(["read", "write"]);
    expect(Object.keys(series[0]?.labels ?? {}).sort()).toEqual([
      "process_command",
      "process_command_line",
      "process_executable_name",
      "process_executable_path",
      "process_owner",
      "process_parent_pid",
      "process_pid",
      "state",
    ]);
  });

  test("reads what is switched on, and nothing that is switched off", () => {
    const metrics = {
      "process.cpu.time": { enabled: false },
      "process.disk.io": { enabled: false },
      "process.memory.usage": { enabled: false },
      "process.memory.virtual": { enabled: false },
      "process.uptime": { enabled: true },
      "process.paging.faults": { enabled: true },
      "process.memory.utilization": { enabled: true },
      "process.context_switches": { enabled: true },
      "process.disk.operations": { enabled: true },
      "process.signals_pending": { enabled: true },
    };
    const series = seriesWith({
      scraper: { metrics, resource_attributes: { "process.cgroup": { enabled: true } } },
    });
    expect(namesOf(series)).toEqual([
      "process_context_switches_total",
      "process_disk_operations_total",
      "process_memory_utilization_ratio",
      "process_paging_faults_total",
      "process_signals_pending",
      "process_uptime_seconds",
    ]);
    expect(labelsOf(series, "process_cgroup")[0]).toMatch(/^0::/);
  });

  test.each([
    [{ include: { match_type: "strict", names: ["sshd", "postgres"] } }, ["postgres", "sshd"]],
    [{ include: { match_type: "regexp", names: ["^post"] } }, ["postgres"]],
    [{ exclude: { match_type: "regexp", names: ["^[a-oq-z]"] } }, ["postgres", "python-app"]],
    [
      {
        include: { match_type: "regexp", names: ["^p"] },
        exclude: { match_type: "strict", names: ["postgres"] },
      },
      ["python-app"],
    ],
  ])("reads the processes that %j leaves", (scraper, expected) => {
    expect(labelsOf(seriesWith({ scraper }), "process_executable_name")).toEqual(expected);
  });
});

describe("the exporter", () => {
  test.each([
    [{ namespace: "edge-lab" }, "edge_lab_process_memory_usage_bytes"],
    [{ namespace: "9.lives" }, "_9_lives_process_memory_usage_bytes"],
    [{ add_metric_suffixes: false }, "process_memory_usage"],
    [{ translation_strategy: "UnderscoreEscapingWithoutSuffixes" }, "process_memory_usage"],
  ])("names series by %j", (exporter, expected) => {
    expect(namesOf(seriesWith({ exporter }))).toContain(expected);
  });

  test("without attributes as labels processes are one series, the first", () => {
    const series = seriesWith({ exporter: { resource_to_telemetry_conversion: { enabled: false } } });
    expect(only(series, "process_memory_usage_bytes")).toHaveLength(1);
    expect(Object.keys(only(series, "process_cpu_time_seconds_total")[0]?.labels ?? {})).toEqual(["state"]);
  });

  test("a constant label that is an attribute, too, makes a series that cannot be written", () => {
    const series = seriesWith({ exporter: { const_labels: { state: "all" } } });
    expect(namesOf(series)).toEqual(defaults.slice(1));
    expect(labelsOf(series, "state")).toEqual(["all"]);
  });
});

describe("filter", () => {
  test.each([
    [{ metrics: { metric: ['name != "process.cpu.time"'] } }, [defaults[0]]],
    [{ metrics: { metric: ["is_monotonic"] } }, defaults.slice(2)],
    [
      { metrics: { datapoint: ['attributes["state"] != nil or attributes["direction"] != nil'] } },
      defaults.slice(2),
    ],
    [{ metrics: { include: { match_type: "regexp", metric_names: ["memory"] } } }, defaults.slice(2)],
    [
      { metrics: { exclude: { match_type: "strict", metric_names: ["process.disk.io"] } } },
      [defaults[0], ...defaults.slice(2)],
    ],
    [{ metrics: { resource: ['attributes["process.pid"] > 0'] } }, []],
    [
      { metrics: { metric: ['HasAttrOnDatapoint("direction", "read")'] } },
      [defaults[0], ...defaults.slice(2)],
    ],
  ])("%j leaves %j", (filter, expected) => {
    expect(namesOf(seriesWith({ processors: { filter } }))).toEqual(expected);
  });

  test("resource attributes choose whole processes, attributes of data points do not reach them", () => {
    const by = (filter: unknown): (string | undefined)[] =>
      labelsOf(seriesWith({ processors: { filter } }), "process_executable_name");
    const resource_attributes = [{ key: "process.executable.name", value: "sshd" }];
    expect(by({ metrics: { include: { match_type: "strict", resource_attributes } } })).toEqual(["sshd"]);
    expect(by({ metrics: { exclude: { match_type: "strict", resource_attributes } } })).not.toContain("sshd");
    expect(
      by({ metrics: { datapoint: ['resource.attributes["process.executable.name"] != "sshd"'] } }),
    ).toEqual(["sshd"]);
    expect(by({ metrics: { datapoint: ['attributes["process.executable.name"] == "sshd"'] } })).toContain(
      "sshd",
    );
  });

  test.each([
    [['metric.name == "process.cpu.time"'], defaults.slice(1)],
    [[{ context: "datapoint", conditions: ['attributes["state"] != nil'] }], defaults.slice(1)],
  ])("the newer form infers or names the context: %j", (metric_conditions, expected) => {
    expect(namesOf(seriesWith({ processors: { filter: { metric_conditions } } }))).toEqual(expected);
  });

  test("a number decides at each scrape anew", () => {
    const filter = {
      metrics: { datapoint: ['metric.name == "process.memory.usage" and value_int < 60000000'] },
    };
    const all = only(seriesWith({}), "process_memory_usage_bytes");
    const kept = only(seriesWith({ processors: { filter } }), "process_memory_usage_bytes");
    expect(kept).toEqual(all.filter(({ value }) => value >= 60_000_000));
    expect(kept.length).toBeGreaterThan(0);
  });

  test("a failing condition loses the data, unless errors are ignored", () => {
    const metrics = { metric: ["Len(1) == 2"] };
    expect(seriesWith({ processors: { filter: { metrics } } })).toEqual([]);
    expect(namesOf(seriesWith({ processors: { filter: { metrics, error_mode: "ignore" } } }))).toEqual(
      defaults,
    );
  });
});

describe("transform", () => {
  const transform = (context: string, ...statements: string[]): Parts => ({
    processors: { transform: { metric_statements: [{ context, statements }] } },
  });

  test("changes the resource, the metric and the data points", () => {
    const series = seriesWith({
      processors: {
        transform: {
          metric_statements: [
            {
              context: "resource",
              statements: ['set(attributes["team"], "a") where attributes["process.pid"] == 1000'],
            },
            {
              context: "metric",
              statements: ['set(name, "cpu") where name == "process.cpu.time"', 'set(unit, "ms")'],
            },
            'set(datapoint.attributes["kind"], Concat(["is", datapoint.attributes["state"]], "_"))',
          ],
        },
      },
    });
    expect(
      labelsOf(
        series.filter(({ labels }) => labels["process_pid"] === "1000"),
        "team",
      ),
    ).toEqual(["a"]);
    expect(namesOf(series)).toContain("cpu_milliseconds_total");
    expect(labelsOf(only(series, "cpu_milliseconds_total"), "kind")).toEqual([
      "is_system",
      "is_user",
      "is_wait",
    ]);
  });

  test("a data point may mark its process, and a later processor choose by the mark", () => {
    const mark = {
      metric_statements: [
        'set(resource.attributes["size"], "big") where metric.name == "process.memory.usage" and datapoint.value_int > 60000000',
      ],
    };
    const filter = { metrics: { metric: ['resource.attributes["size"] != "big"'] } };
    const series = seriesWith({ processors: { transform: mark, filter } });
    expect(namesOf(series)).toEqual(defaults);
    expect(Math.min(...only(series, "process_memory_usage_bytes").map(({ value }) => value))).toBeGreaterThan(
      6e7,
    );
  });

  test("numbers, types and whole metrics can be changed", () => {
    const plain = seriesWith({});
    const doubled = seriesWith(transform("datapoint", "set(value_int, value_int * 2)"));
    expect(sumOf(doubled, "process_memory_usage_bytes")).toBe(2 * sumOf(plain, "process_memory_usage_bytes"));
    expect(namesOf(seriesWith(transform("metric", "convert_sum_to_gauge()")))).toEqual([
      "process_cpu_time_seconds",
      "process_disk_io_bytes",
      ...defaults.slice(2),
    ]);
    const added = seriesWith(
      transform("metric", 'aggregate_on_attributes("sum", []) where name == "process.cpu.time"'),
    );
    expect(labelsOf(only(added, "process_cpu_time_seconds_total"), "state")).toEqual([undefined]);
    expect(sumOf(added, "process_cpu_time_seconds_total")).toBeCloseTo(
      sumOf(plain, "process_cpu_time_seconds_total"),
      6,
    );
    const scaled = seriesWith(
      transform("metric", 'scale_metric(0.001, "KiBy") where name == "process.memory.usage"'),
    );
    expect(sumOf(scaled, "process_memory_usage_kibibytes") * 1000).toBeCloseTo(
      sumOf(plain, "process_memory_usage_bytes"),
      0,
    );
  });
});

describe("attributes and resource", () => {
  const actions = [
    { key: "state", action: "delete" },
    { key: "added", value: 5, action: "insert" },
    { key: "direction", action: "hash" },
  ];

  test("attributes changes data points, and only the metrics it is to look at", () => {
    const include = { match_type: "strict", metric_names: ["process.disk.io"] };
    const series = seriesWith({ processors: { attributes: { actions, include } } });
    const [read] = only(series, "process_disk_io_bytes_total");
    expect(read?.labels["added"]).toBe("5");
    expect(read?.labels["direction"]).toMatch(/^[0-9a-f]{64}$/);
    expect(labelsOf(only(series, "process_cpu_time_seconds_total"), "added")).toEqual([undefined]);
  });

  test("resource changes resources, and finds no attribute of data points there", () => {
    const series = seriesWith({
      processors: {
        resource: {
          attributes: [
            ...actions,
            { key: "process.executable.name", pattern: "^(?P<first>[a-z]+)", action: "extract" },
            { key: "process.pid", converted_type: "string", action: "convert" },
            { key: "process.owner", value: "nobody", action: "update" },
            { key: "copy", from_attribute: "process.pid", action: "upsert" },
          ],
        },
      },
    });
    expect(labelsOf(only(series, "process_cpu_time_seconds_total"), "state")).toEqual([
      "system",
      "user",
      "wait",
    ]);
    expect(labelsOf(series, "process_owner")).toEqual(["nobody"]);
    expect(labelsOf(series, "first")).toContain("postgres");
    for (const { labels } of series) expect(labels["copy"]).toBe(labels["process_pid"]);
  });
});

describe("groupbyattrs", () => {
  test("moves attributes of data points to the resource, and adds nothing up", () => {
    const plain = seriesWith({});
    const byState = seriesWith({
      processors: { groupbyattrs: { keys: ["state"] } },
      exporter: { resource_to_telemetry_conversion: { enabled: false } },
    });
    // As a label of the resource the state is gone from the data points.
    expect(labelsOf(only(byState, "process_cpu_time_seconds_total"), "state")).toEqual([undefined]);
    const sorted = (series: readonly Series[]): string[] => series.map((each) => JSON.stringify(each)).sort();
    expect(sorted(seriesWith({ processors: { groupbyattrs: { keys: ["process.owner"] } } }))).toEqual(
      sorted(plain),
    );
  });
});

describe("metricstransform", () => {
  const transformed = (...transforms: unknown[]): Series[] =>
    seriesWith({ processors: { metricstransform: { transforms } } });

  test.each([
    [{ include: "process.cpu.time", action: "update", new_name: "cpu.seconds" }, "cpu_seconds_total"],
    [{ include: "process.cpu.time", action: "insert", new_name: "copy" }, "copy_seconds_total"],
    [
      { include: "^process\\.(.*)\\.time$", match_type: "regexp", action: "update", new_name: "p.$${1}" },
      "p_cpu_seconds_total",
    ],
  ])("%j makes %s", (transform, expected) => {
    expect(namesOf(transformed(transform))).toContain(expected);
  });

  test("combines metrics, with labels from their names", () => {
    const series = transformed({
      include: "^process\\.memory\\.(?P<kind>.*)$",
      match_type: "regexp",
      action: "combine",
      new_name: "memory",
      submatch_case: "upper",
    });
    expect(namesOf(series)).toEqual(["memory_bytes", ...defaults.slice(0, 2)]);
    expect(labelsOf(only(series, "memory_bytes"), "kind")).toEqual(["USAGE", "VIRTUAL"]);
  });

  test("operations change labels, numbers and data points", () => {
    const operations = [
      { action: "add_label", new_label: "team", new_value: "a" },
      { action: "delete_label_value", label: "state", label_value: "wait" },
      {
        action: "update_label",
        label: "state",
        new_label: "mode",
        value_actions: [{ value: "system", new_value: "kernel" }],
      },
      { action: "experimental_scale_value", experimental_scale: 1000 },
    ];
    const [plain, series] = [
      seriesWith({}),
      transformed({ include: "process.cpu.time", action: "update", operations }),
    ];
    const cpu = only(series, "process_cpu_time_seconds_total");
    expect(labelsOf(cpu, "mode")).toEqual(["kernel", "user"]);
    expect(labelsOf(cpu, "team")).toEqual(["a"]);
    expect(sumOf(series, "process_cpu_time_seconds_total")).toBeCloseTo(
      1000 * sumOf(plain, "process_cpu_time_seconds_total"),
      3,
    );
  });

  test("adds up labels, or some values of one", () => {
    const update = (operation: unknown): Series[] =>
      only(
        transformed({ include: "process.disk.io", action: "update", operations: [operation] }),
        "process_disk_io_bytes_total",
      );
    const plain = sumOf(seriesWith({}), "process_disk_io_bytes_total");
    const summed = update({ action: "aggregate_labels", label_set: [], aggregation_type: "sum" });
    expect(labelsOf(summed, "direction")).toEqual([undefined]);
    expect(summed.reduce((sum, { value }) => sum + value, 0)).toBe(plain);
    const both = update({
      action: "aggregate_label_values",
      label: "direction",
      aggregated_values: ["read", "write"],
      new_value: "any",
      aggregation_type: "mean",
    });
    expect(labelsOf(both, "direction")).toEqual(["any"]);
    expect(both.reduce((sum, { value }) => sum + value, 0)).toBe(plain / 2);
  });

  test("only points with the given labels are meant, and groups get labels of their own", () => {
    const series = transformed(
      {
        include: "process.cpu.time",
        experimental_match_labels: { state: "user" },
        action: "update",
        new_name: "busy",
      },
      { include: "process.disk.io", action: "group", group_resource_labels: { part: "disk" } },
    );
    expect(labelsOf(only(series, "busy_seconds_total"), "state")).toEqual(["user"]);
    expect(labelsOf(only(series, "process_cpu_time_seconds_total"), "state")).toEqual(["system", "wait"]);
    expect(labelsOf(only(series, "process_disk_io_bytes_total"), "part")).toEqual(["disk"]);
  });
});

describe("cumulativetodelta", () => {
  const cpu = "process_cpu_time_seconds_total";

  test("counters count from the collector's start; of processes that began later, from theirs", () => {
    const [plain, delta] = [seriesWith({}), seriesWith({ processors: { cumulativetodelta: {} } })];
    // Processes had run for 100 s when the collector was asked for, and it began 2 s later.
    const pid = (series: readonly Series[]): Series[] =>
      only(series, cpu).filter(
        ({ labels }) => labels["process_pid"] === "1000" && labels["state"] === "user",
      );
    const [whole, gained] = [pid(plain)[0]?.value ?? 0, pid(delta)[0]?.value ?? 0];
    expect(gained / whole).toBeGreaterThan(0.3);
    expect(gained / whole).toBeLessThan(0.45);
    expect(sumOf(delta, "process_memory_usage_bytes")).toBe(sumOf(plain, "process_memory_usage_bytes"));
  });

  test("include, exclude and the initial value are kept to, and deltatocumulative undoes it", () => {
    const plain = seriesWith({});
    const names = (metrics: string[]) => ({ match_type: "strict", metrics });
    const disk = "process_disk_io_bytes_total";
    for (const cumulativetodelta of [
      { include: names(["process.cpu.time"]) },
      { exclude: names(["process.disk.io"]) },
    ]) {
      const series = seriesWith({ processors: { cumulativetodelta } });
      expect(sumOf(series, disk)).toBe(sumOf(plain, disk));
      expect(sumOf(series, cpu)).toBeLessThan(sumOf(plain, cpu));
    }
    const kept = { cumulativetodelta: { initial_value: "keep" }, deltatocumulative: {} };
    expect(sumOf(seriesWith({ processors: kept }), cpu)).toBeCloseTo(sumOf(plain, cpu), 6);
  });

  test("what is added up over processes goes on when one of them ends", () => {
    const node = createTestNode({ seed: 4 });
    node.putLoad("load", { profile: "process-churn", process_count: 100, duration_ms: 1e9 });
    node.putConfig(
      "exp",
      "baseline",
      1,
      configuration({
        processors: {
          cumulativetodelta: {},
          transform: {
            metric_statements: [{ context: "resource", statements: ["keep_keys(attributes, [])"] }],
          },
          groupbyattrs: {},
          metricstransform: {
            transforms: [
              {
                include: "process.cpu.time",
                action: "update",
                operations: [{ action: "aggregate_labels", label_set: [], aggregation_type: "sum" }],
              },
            ],
          },
        },
      }),
    );
    let before = 0;
    for (let scrape = 0; scrape < 40; scrape += 1) {
      node.advance(15_000);
      const [total, ...others] = only(parseText(node.scrape(8888)), cpu);
      expect(others).toEqual([]);
      const grown = (total?.value ?? 0) - before;
      before = total?.value ?? 0;
      // 117 processes at 10 to 80 % of a CPU each.
      if (scrape > 0) expect(grown).toBeGreaterThan(100);
      expect(grown).toBeLessThan(1400);
    }
  });
});

test("resourcedetection says on which host data was read", () => {
  const series = seriesWith({ processors: { resourcedetection: { detectors: ["env", "system"] } } });
  expect([labelsOf(series, "host_name"), labelsOf(series, "os_type")]).toEqual([["node1"], ["linux"]]);
  const system = { resource_attributes: { "os.type": { enabled: false } } };
  const less = seriesWith({ processors: { resourcedetection: { detectors: ["system"], system } } });
  expect(labelsOf(less, "os_type")).toEqual([undefined]);
});

test("the platform's own processor keeps the resources that use most", () => {
  const of = (processors: Record<string, unknown>) =>
    only(seriesWith({ processors }), "process_memory_usage_bytes").map(({ value }) => value);
  const top = of({ phoenix_topk: { k: 3, by: "process.memory.usage" } });
  const all = of({});
  const falling = (values: number[]): number[] => [...values].sort((a, b) => b - a);
  expect(falling(top)).toEqual(falling(all).slice(0, 3));
});

test("a connector brings what one pipeline keeps to another", () => {
  const series = seriesWith({
    processors: {},
    more: {
      processors: {
        "filter/a": { metrics: { metric: ['name != "process.memory.usage"'] } },
        "resource/b": { attributes: [{ key: "step", value: "two", action: "insert" }] },
      },
      connectors: { forward: {} },
      service: {
        pipelines: {
          "metrics/one": { receivers: ["hostmetrics"], processors: ["filter/a"], exporters: ["forward"] },
          "metrics/two": { receivers: ["forward"], processors: ["resource/b"], exporters: ["prometheus"] },
        },
      },
    },
  });
  expect(namesOf(series)).toEqual(["process_memory_usage_bytes"]);
  expect(labelsOf(series, "step")).toEqual(["two"]);
});

test("references to the environment become what they stand for, two dollars are one", () => {
  const value = (text: string): (string | undefined)[] =>
    labelsOf(
      seriesWith({ processors: { resource: { attributes: [{ key: "a", value: text, action: "insert" }] } } }),
      "a",
    );
  expect(value("${env:NODE_NAME}/${NONE:-x}")).toEqual(["node1/x"]);
  expect(value("$${env:NODE_NAME}")).toEqual(["${env:NODE_NAME}"]);
});

test.each([
  [{ processors: { interval: {} } }, "processors.interval: this kind is not simulated"],
  [
    { processors: { transform: { metric_statements: ["flatten(metric.cache)"] } } },
    "flatten is not simulated",
  ],
  [
    { processors: { attributes: { actions: [{ key: "a", from_context: "b", action: "insert" }] } } },
    "from_context",
  ],
  [{ processors: { batch: { send_size: 1 } } }, "processors.batch.send_size: unknown key"],
])("what is not simulated is refused by name, case %#", (parts, problem) => {
  expect(refusalOf(parts)).toContain(problem);
});
