/**
 * What the OpenTelemetry Collector's contrib distribution knows, as facts: names of components, the signals that they
 * take, and for the common ones the keys of their configuration. Written down from the components' documentation and
 * metadata at {@link collectorVersion}. A component without keys here is known by name only; its keys are not checked.
 */

/** The release of the contrib distribution that the facts are of. */
export const collectorVersion = "0.159.0";

/** The shape of one value of a configuration. */
export type Shape =
  | "any"
  | "text"
  | "flag"
  | "whole"
  | "number"
  | "duration"
  | { readonly type: "one of"; readonly values: readonly string[] }
  | { readonly type: "list"; readonly of: Shape }
  | { readonly type: "map"; readonly of: Shape }
  | {
      readonly type: "section";
      readonly keys: Readonly<Record<string, Shape>>;
      readonly needs: readonly string[];
    };

const oneOf = (...values: string[]): Shape => ({ type: "one of", values });
const list = (of: Shape): Shape => ({ type: "list", of });
const map = (of: Shape): Shape => ({ type: "map", of });
const section = (keys: Readonly<Record<string, Shape>>, ...needs: string[]): Shape => ({
  type: "section",
  keys,
  needs,
});
const texts = list("text");
/** Keys by shape, each list in one text. */
const keys = (shape: Shape, names: string): Record<string, Shape> =>
  Object.fromEntries(names.split(" ").map((name) => [name, shape]));

export type ComponentKind = "receivers" | "processors" | "exporters" | "connectors" | "extensions";
export type Signal = "metrics" | "traces" | "logs" | "profiles";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const componentNames: Readonly<Record<ComponentKind, readonly string[]>> = {
  receivers: words(`
    activedirectoryds aerospike apache apachespark awscloudwatch awscontainerinsightreceiver awsecscontainermetrics
    awsfirehose awslambda awss3 awsxray azureblob azureeventhub azuremonitor bigip carbon chrony ciscoos cloudflare
    cloudfoundry collectd couchdb datadog docker_stats elasticsearch envoyals expvar faro filelog filestats flinkmetrics
    fluentforward github gitlab googlecloudmonitoring googlecloudpubsub googlecloudspanner haproxy hostmetrics httpcheck
    huaweicloudcesreceiver icmpcheckreceiver iis influxdb jaeger jmx journald k8s_cluster k8s_events k8sobjects kafka
    kafkametrics kubeletstats libhoney loki memcached mongodb mongodbatlas mysql namedpipe netflow nginx nop nsxt ntp
    oracledb otelarrow otlp otlpjsonfile podman_stats postgresql pprof prometheus prometheus_simple
    prometheusremotewrite pulsar purefa purefb rabbitmq receiver_creator redis riak saphana signalfx skywalking snmp
    snowflake solace splunk_hec splunkenterprise sqlquery sqlserver sshcheck statsd stef syslog systemd tcpcheck tcplog
    tlscheck udplog vcenter wavefront webhookevent windowseventlog windowsperfcounters windowsservice zipkin zookeeper`),
  processors: words(`
    attributes batch coralogix cumulativetodelta deltatocumulative deltatorate filter genainormalizer geoip groupbyattrs groupbytrace
    interval isolationforest k8sattributes logdedup logstransform memory_limiter metricsgeneration metricstarttime
    metricstransform probabilistic_sampler redaction remotetap resource resourcedetection schema span sumologic
    tail_sampling transform unroll`),
  exporters: words(`
    alibabacloud_logservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob azuredataexplorer azuremonitor
    bmchelix cassandra clickhouse coralogix datadog dataset debug doris elasticsearch faro file googlecloud
    googlecloudpubsub googlecloudstorage googlemanagedprometheus honeycombmarker influxdb kafka loadbalancing
    logicmonitor logzio mezmo nop opensearch otelarrow otlp otlphttp prometheus prometheusremotewrite pulsar rabbitmq
    sapm sentry signalfx splunk_hec stef sumologic syslog tencentcloud_logservice tinybird zipkin`),
  connectors: words(`
    count datadog exceptions failover forward grafanacloud otlpjson roundrobin routing servicegraph signaltometrics
    spanmetrics sum`),
  extensions: words(`
    ack asapclient avro_log_encoding awscloudwatchmetricstreams_encoding awslogs_encoding awsproxy azure_auth
    azure_encoding basicauth bearertokenauth cgroupruntime datadog db_storage docker_observer ecs_observer
    ecs_task_observer file_storage google_cloud_logentry_encoding googleclientauth headers_setter health_check
    healthcheckv2 host_observer http_forwarder jaeger_encoding jaegerremotesampling json_log_encoding
    k8s_leader_elector k8s_observer memory_limiter oauth2client oidc opamp otlp_encoding pprof redis_storage sigv4auth
    skywalking_encoding sumologic text_encoding zipkin_encoding zpages`),
};

/**
 * Processors that no distribution has: the platform's own, for a collector that is built with them.
 *
 * `phoenix_topk` keeps, of the resources that it is given, the `k` with the highest value of the metric `by`.
 */
const ownProcessors = ["phoenix_topk"] as const;

/** Newer names of types; the older ones go on. */
const newerNames: Readonly<Record<string, string>> = {
  file_log: "filelog",
  gen_ai_normalizer: "genainormalizer",
  host_metrics: "hostmetrics",
  http_check: "httpcheck",
  k8s_attributes: "k8sattributes",
  k8s_objects: "k8sobjects",
  kubelet_stats: "kubeletstats",
  otlp_grpc: "otlp",
  otlp_http: "otlphttp",
  resource_detection: "resourcedetection",
  span_metrics: "spanmetrics",
};

/** @returns The type in the name of a component: the part before the slash, by its older name where it has two. */
export function typeOf(name: string): string {
  const type = name.split("/", 1)[0]?.trim() ?? "";
  return newerNames[type] ?? type;
}

/** @returns Every name of a kind, the platform's own after those of the distribution. */
export function namesOf(kind: ComponentKind): readonly string[] {
  return kind === "processors" ? [...componentNames.processors, ...ownProcessors] : componentNames[kind];
}

const everySignal: readonly Signal[] = ["metrics", "traces", "logs", "profiles"];
const threeSignals: readonly Signal[] = ["metrics", "traces", "logs"];

/** Where a component takes not all of metrics, traces and logs. */
const signals: Readonly<Record<string, readonly Signal[]>> = {
  ...Object.fromEntries(
    words(`
      apache apachespark bigip chrony couchdb docker_stats elasticsearch expvar filestats flinkmetrics haproxy
      hostmetrics httpcheck iis k8s_cluster kafkametrics kubeletstats memcached mongodb nginx nsxt ntp podman_stats
      prometheus prometheus_simple prometheusremotewrite rabbitmq redis riak saphana snmp sshcheck statsd tcpcheck
      tlscheck windowsperfcounters windowsservice zookeeper`).map((name) => [
      `receivers ${name}`,
      ["metrics"],
    ]),
  ),
  ...Object.fromEntries(
    words(
      "filelog journald k8s_events k8sobjects syslog tcplog udplog webhookevent windowseventlog fluentforward",
    ).map((name) => [`receivers ${name}`, ["logs"]]),
  ),
  ...Object.fromEntries(
    words("jaeger zipkin skywalking awsxray").map((name) => [`receivers ${name}`, ["traces"]]),
  ),
  "receivers loki": ["logs"],
  "receivers otlp": everySignal,
  "receivers nop": everySignal,
  "receivers skywalking": ["traces", "metrics"],
  ...Object.fromEntries(
    words(`
      cumulativetodelta deltatocumulative deltatorate interval metricsgeneration metricstarttime metricstransform
      phoenix_topk`).map((name) => [`processors ${name}`, ["metrics"]]),
  ),
  "processors groupbytrace": ["traces"],
  "processors tail_sampling": ["traces"],
  "processors span": ["traces"],
  "processors probabilistic_sampler": ["traces", "logs"],
  "processors logdedup": ["logs"],
  "processors logstransform": ["logs"],
  "processors unroll": ["logs"],
  "processors memory_limiter": everySignal,
  "processors transform": everySignal,
  "processors filter": everySignal,
  "processors resource": everySignal,
  "processors attributes": everySignal,
  "processors k8sattributes": everySignal,
  "processors resourcedetection": everySignal,
  "processors isolationforest": threeSignals,
  "exporters debug": everySignal,
  "exporters nop": everySignal,
  "exporters otlp": everySignal,
  "exporters otlphttp": everySignal,
  "exporters file": everySignal,
  "exporters prometheus": ["metrics"],
  "exporters prometheusremotewrite": ["metrics"],
  "exporters googlemanagedprometheus": ["metrics"],
  "exporters awsemf": ["metrics"],
  "exporters awsxray": ["traces"],
  "exporters awscloudwatchlogs": ["logs"],
  "exporters zipkin": ["traces"],
  "exporters syslog": ["logs"],
  "exporters sapm": ["traces"],
  "exporters sentry": ["traces"],
};

/** @returns The signals that a receiver, processor or exporter takes. */
export const signalsOf = (kind: ComponentKind, type: string): readonly Signal[] =>
  signals[`${kind} ${type}`] ?? threeSignals;

// Parts that many components share.

const tlsCommon = {
  ...keys(
    "text",
    "ca_file ca_pem cert_file cert_pem key_file key_pem min_version max_version server_name_override",
  ),
  ...keys("flag", "include_system_ca_certs_pool"),
  ...keys(texts, "cipher_suites curve_preferences"),
  reload_interval: "duration",
  tpm: "any",
} satisfies Record<string, Shape>;
const tlsClient = section({ ...tlsCommon, ...keys("flag", "insecure insecure_skip_verify") });
const tlsServer = section({ ...tlsCommon, client_ca_file: "text", client_ca_file_reload: "flag" });
const auth = section({ authenticator: "text", request_params: texts });
const httpClient: Record<string, Shape> = {
  ...keys("text", "endpoint proxy_url compression"),
  ...keys("duration", "timeout idle_conn_timeout http2_read_idle_timeout http2_ping_timeout"),
  ...keys(
    "whole",
    "read_buffer_size write_buffer_size max_idle_conns max_idle_conns_per_host max_conns_per_host",
  ),
  ...keys("flag", "disable_keep_alives force_attempt_http2"),
  ...keys("any", "headers cookies middlewares compression_params"),
  auth,
  tls: tlsClient,
};
const httpServer: Record<string, Shape> = {
  endpoint: "text",
  ...keys("duration", "read_timeout read_header_timeout write_timeout idle_timeout"),
  max_request_body_size: "whole",
  ...keys("flag", "include_metadata keep_alives_enabled"),
  ...keys("any", "response_headers middlewares"),
  compression_algorithms: texts,
  cors: section({ ...keys(texts, "allowed_origins allowed_headers exposed_headers"), max_age: "whole" }),
  auth,
  tls: tlsServer,
};
const grpcClient: Record<string, Shape> = {
  ...keys("text", "endpoint compression balancer_name authority"),
  keepalive: section({ ...keys("duration", "time timeout"), permit_without_stream: "flag" }),
  ...keys("whole", "read_buffer_size write_buffer_size"),
  wait_for_ready: "flag",
  ...keys("any", "headers middlewares"),
  auth,
  tls: tlsClient,
};
const grpcServer: Record<string, Shape> = {
  ...keys("text", "endpoint transport"),
  ...keys("whole", "max_recv_msg_size_mib max_concurrent_streams read_buffer_size write_buffer_size"),
  include_metadata: "flag",
  ...keys("any", "keepalive middlewares dialer"),
  auth,
  tls: tlsServer,
};
const sendingQueue = section({
  ...keys("flag", "enabled wait_for_result block_on_overflow blocking"),
  ...keys("whole", "num_consumers queue_size"),
  ...keys("text", "storage"),
  sizer: oneOf("items", "bytes", "requests"),
  batch: section({
    flush_timeout: "duration",
    ...keys("whole", "min_size max_size"),
    sizer: oneOf("items", "bytes"),
    partition: "any",
  }),
});
const retryOnFailure = section({
  enabled: "flag",
  ...keys("duration", "initial_interval max_interval max_elapsed_time"),
  ...keys("number", "randomization_factor multiplier"),
});
const exporting: Record<string, Shape> = {
  sending_queue: sendingQueue,
  retry_on_failure: retryOnFailure,
  timeout: "duration",
};

const enabled = section({ enabled: "flag" });
const enabledWithMatch = section({ enabled: "flag", metrics_include: "any", metrics_exclude: "any" });
const matchType = oneOf("strict", "regexp");
const namesWithMatch = (key: string): Shape =>
  section({ [key]: texts, match_type: matchType, regexp: "any" }, "match_type");
const attribute = section({ key: "text", value: "any" }, "key");

// What include and exclude of `attributes`, `resource`, `span` and the old form of `filter` may match by.
const matchProperties = section(
  {
    match_type: matchType,
    regexp: section({ cacheenabled: "flag", cachemaxnumentries: "whole" }),
    ...keys(texts, "services span_names span_kinds log_bodies log_severity_texts metric_names"),
    log_severity_number: section({ min: "any", match_undefined: "flag" }),
    ...keys(list(attribute), "attributes resources"),
    libraries: list(section({ name: "text", version: "text" }, "name")),
  },
  "match_type",
);
const metricMatch = section({
  match_type: oneOf("strict", "regexp", "expr"),
  regexp: section({ cacheenabled: "flag", cachemaxnumentries: "whole" }),
  ...keys(texts, "metric_names expressions"),
  resource_attributes: list(attribute),
});
const logMatch = section({
  match_type: matchType,
  ...keys(list(attribute), "resource_attributes record_attributes"),
  ...keys(texts, "severity_texts bodies"),
  severity_number: section({ min: "text", match_undefined: "flag" }),
});
const attributeAction = section(
  {
    ...keys("text", "key from_attribute from_context pattern converted_type"),
    value: "any",
    action: oneOf("insert", "update", "upsert", "delete", "hash", "extract", "convert"),
    default_value: "any",
  },
  "action",
);
const errorMode = oneOf("ignore", "silent", "propagate");
const statementGroups = list("any");

/** Metrics of the `process` scraper of `hostmetrics`, as its metadata has them. */
export interface ProcessMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: "sum" | "gauge";
  readonly monotonic: boolean;
  readonly number: "int" | "double";
  /** The attribute by which its data points differ, with the values it takes. */
  readonly attribute?: { readonly key: string; readonly values: readonly string[] };
  /** Read unless the configuration switches it off. */
  readonly byDefault: boolean;
}

const states = { key: "state", values: ["system", "user", "wait"] };
const directions = { key: "direction", values: ["read", "write"] };
const count = { type: "sum", monotonic: true, number: "int" } as const;
const level = { type: "sum", monotonic: false, number: "int" } as const;
const ratio = { type: "gauge", monotonic: false, number: "double" } as const;

export const processMetrics: readonly ProcessMetric[] = [
  {
    name: "process.cpu.time",
    description: "Total CPU seconds broken down by different states.",
    unit: "s",
    type: "sum",
    monotonic: true,
    number: "double",
    attribute: states,
    byDefault: true,
  },
  {
    name: "process.cpu.utilization",
    description:
      "Percentage of total CPU time used by the process since last scrape, expressed as a value between 0 and 1. " +
      "On the first scrape, no data point is emitted for this metric.",
    unit: "1",
    ...ratio,
    attribute: states,
    byDefault: false,
  },
  {
    name: "process.memory.usage",
    description: "The amount of physical memory in use.",
    unit: "By",
    ...level,
    byDefault: true,
  },
  {
    name: "process.memory.virtual",
    description: "Virtual memory size.",
    unit: "By",
    ...level,
    byDefault: true,
  },
  {
    name: "process.memory.utilization",
    description: "Percentage of total physical memory that is used by the process.",
    unit: "1",
    ...ratio,
    byDefault: false,
  },
  {
    name: "process.disk.io",
    description: "Disk bytes transferred.",
    unit: "By",
    ...count,
    attribute: directions,
    byDefault: true,
  },
  {
    name: "process.disk.operations",
    description: "Number of disk operations performed by the process.",
    unit: "{operations}",
    ...count,
    attribute: directions,
    byDefault: false,
  },
  {
    name: "process.paging.faults",
    description: "Number of page faults the process has made.",
    unit: "{faults}",
    ...count,
    attribute: { key: "type", values: ["major", "minor"] },
    byDefault: false,
  },
  {
    name: "process.signals_pending",
    description: "Number of pending signals for the process.",
    unit: "{signals}",
    ...level,
    byDefault: false,
  },
  {
    name: "process.threads",
    description: "Process threads count.",
    unit: "{threads}",
    ...level,
    byDefault: false,
  },
  {
    name: "process.open_file_descriptors",
    description: "Number of file descriptors in use by the process.",
    unit: "{count}",
    ...level,
    byDefault: false,
  },
  {
    name: "process.context_switches",
    description: "Number of times the process has been context switched.",
    unit: "{count}",
    ...count,
    attribute: { key: "type", values: ["involuntary", "voluntary"] },
    byDefault: false,
  },
  {
    name: "process.uptime",
    description: "The time the process has been running.",
    unit: "s",
    ...ratio,
    byDefault: false,
  },
];

/** Known to the scraper, and read on Windows only. */
const windowsMetrics = ["process.handles"];

/** Resource attributes of the `process` scraper, by whether they are set unless switched off. */
export const processAttributes: Readonly<Record<string, boolean>> = {
  "process.pid": true,
  "process.parent_pid": true,
  "process.executable.name": true,
  "process.executable.path": true,
  "process.command": true,
  "process.command_line": true,
  "process.owner": true,
  "process.cgroup": false,
};

const scraped = (names: readonly string[], shape: Shape = enabled): Record<string, Shape> =>
  Object.fromEntries(names.map((name) => [name, shape]));

const processScraper = section({
  metrics: section(scraped([...processMetrics.map(({ name }) => name), ...windowsMetrics])),
  resource_attributes: section(scraped(Object.keys(processAttributes), enabledWithMatch)),
  ...keys(namesWithMatch("names"), "include exclude"),
  ...keys(
    "flag",
    "mute_process_all_errors mute_process_name_error mute_process_exe_error mute_process_io_error " +
      "mute_process_user_error mute_process_cgroup_error",
  ),
  ...keys("duration", "scrape_process_delay initial_delay collection_interval timeout"),
});
const otherScraper = section({
  metrics: map(enabled),
  resource_attributes: map("any"),
  ...keys(
    "any",
    "include exclude include_devices exclude_devices include_fs_types exclude_fs_types include_mount_points " +
      "exclude_mount_points include_virtual_filesystems cpu_average",
  ),
  ...keys("duration", "initial_delay collection_interval timeout"),
});

const scraping: Record<string, Shape> = keys("duration", "collection_interval initial_delay timeout");

const operation = section(
  {
    action: oneOf(
      "add_label",
      "update_label",
      "delete_label_value",
      "toggle_scalar_data_type",
      "experimental_scale_value",
      "aggregate_labels",
      "aggregate_label_values",
    ),
    ...keys("text", "label new_label new_value label_value"),
    ...keys(texts, "label_set aggregated_values"),
    aggregation_type: oneOf("sum", "mean", "min", "max", "count", "median"),
    value_actions: list(section({ value: "text", new_value: "text" }, "value", "new_value")),
    experimental_scale: "number",
  },
  "action",
);

const routes = (of: string): Shape =>
  list(
    section(
      {
        condition: "text",
        statement: "text",
        context: "text",
        action: "text",
        pipelines: texts,
      },
      of,
    ),
  );

/** Keys of a component's configuration, by kind and type; what is not here is known by name only. */
const shapes: Readonly<Record<string, Shape>> = {
  "receivers nop": section({}),
  "receivers otlp": section(
    {
      protocols: section({
        grpc: section(grpcServer),
        http: section({ ...httpServer, ...keys("text", "traces_url_path metrics_url_path logs_url_path") }),
      }),
    },
    "protocols",
  ),
  "receivers hostmetrics": section(
    {
      ...scraping,
      metadata_collection_interval: "duration",
      root_path: "text",
      scrapers: section({
        process: processScraper,
        ...scraped(
          words("cpu disk filesystem load memory network nfs paging processes system"),
          otherScraper,
        ),
      }),
    },
    "scrapers",
  ),
  "receivers prometheus": section({
    ...keys("any", "config target_allocator api_server"),
    ...keys("flag", "trim_metric_suffixes use_start_time_metric report_extra_scrape_metrics"),
    start_time_metric_regex: "text",
  }),
  "receivers prometheus_simple": section({
    ...httpClient,
    collection_interval: "duration",
    metrics_path: "text",
    ...keys("flag", "use_service_account tls_enabled"),
    ...keys("any", "labels params tls_config"),
  }),
  "receivers jaeger": section({
    protocols: section({
      grpc: section(grpcServer),
      thrift_http: section(httpServer),
      ...keys("any", "thrift_binary thrift_compact"),
    }),
    remote_sampling: "any",
  }),
  "receivers zipkin": section({ ...httpServer, parse_string_tags: "flag" }),
  "receivers kubeletstats": section({
    ...scraping,
    ...keys("text", "endpoint auth_type ca_file key_file cert_file node context"),
    ...keys("flag", "insecure_skip_verify collect_all_network_interfaces"),
    ...keys(texts, "extra_metadata_labels metric_groups"),
    ...keys("any", "k8s_api_config collect_all_network_interfaces"),
    ...keys(map("any"), "metrics resource_attributes"),
  }),
  "receivers k8s_cluster": section({
    ...keys("duration", "collection_interval metadata_collection_interval"),
    ...keys("text", "auth_type context distribution namespace k8s_leader_elector"),
    ...keys(texts, "node_conditions_to_report allocatable_types_to_report metadata_exporters namespaces"),
    ...keys(map("any"), "metrics resource_attributes"),
  }),
  "receivers k8s_events": section({
    ...keys("text", "auth_type context k8s_leader_elector"),
    namespaces: texts,
  }),
  "receivers statsd": section({
    ...keys("text", "endpoint transport"),
    ...keys("duration", "aggregation_interval"),
    ...keys(
      "flag",
      "enable_metric_type enable_ip_only_aggregation enable_simple_tags is_monotonic_counter counter_type",
    ),
    timer_histogram_mapping: list("any"),
    socket_permissions: "text",
  }),

  "processors batch": section({
    ...keys("whole", "send_batch_size send_batch_max_size metadata_cardinality_limit"),
    timeout: "duration",
    metadata_keys: texts,
  }),
  "processors memory_limiter": section({
    ...keys("duration", "check_interval min_gc_interval_when_soft_limited min_gc_interval_when_hard_limited"),
    ...keys("whole", "limit_mib spike_limit_mib limit_percentage spike_limit_percentage"),
  }),
  "processors attributes": section(
    { actions: list(attributeAction), include: matchProperties, exclude: matchProperties },
    "actions",
  ),
  "processors resource": section({ attributes: list(attributeAction) }, "attributes"),
  "processors resourcedetection": section({
    ...httpClient,
    detectors: list(
      oneOf(
        ...words(
          `env system docker k8s_api ec2 ecs eks elasticbeanstalk lambda gcp gce gke azure aks consul heroku k8snode kubeadm
           openshift nova dynatrace akamai scaleway hetzner upcloud vultr digitalocean oraclecloud`,
        ),
      ),
    ),
    override: "flag",
    attributes: texts,
    refresh_interval: "duration",
    system: section({
      hostname_sources: list(oneOf("dns", "os", "cname", "lookup")),
      resource_attributes: map(enabled),
    }),
    ...keys(
      "any",
      `ec2 ecs eks elasticbeanstalk lambda gcp azure aks consul heroku k8snode kubeadm docker openshift nova dynatrace
       akamai scaleway hetzner upcloud vultr digitalocean oraclecloud`.replaceAll(/\s+/g, " "),
    ),
  }),
  "processors filter": section({
    error_mode: errorMode,
    metrics: section({
      ...keys(metricMatch, "include exclude"),
      regexp: "any",
      ...keys(texts, "resource metric datapoint"),
    }),
    traces: section(keys(texts, "resource span spanevent")),
    logs: section({ ...keys(logMatch, "include exclude"), ...keys(texts, "resource log_record") }),
    profiles: section(keys(texts, "resource profile")),
    ...keys(list("any"), "metric_conditions trace_conditions log_conditions profile_conditions"),
    spans: section(keys(matchProperties, "include exclude")),
  }),
  "processors transform": section({
    error_mode: errorMode,
    flatten_data: "flag",
    ...keys(statementGroups, "metric_statements trace_statements log_statements profile_statements"),
  }),
  "processors groupbyattrs": section({ keys: texts }),
  "processors groupbytrace": section({
    wait_duration: "duration",
    ...keys("whole", "num_traces num_workers"),
    ...keys("flag", "discard_orphans store_on_disk"),
  }),
  "processors metricstransform": section(
    {
      transforms: list(
        section(
          {
            include: "text",
            match_type: matchType,
            experimental_match_labels: map("text"),
            action: oneOf("insert", "update", "combine", "group"),
            new_name: "text",
            aggregation_type: oneOf("sum", "mean", "min", "max", "count", "median"),
            submatch_case: oneOf("lower", "upper"),
            group_resource_labels: map("text"),
            operations: list(operation),
          },
          "include",
          "action",
        ),
      ),
    },
    "transforms",
  ),
  "processors cumulativetodelta": section({
    max_staleness: "duration",
    initial_value: oneOf("auto", "keep", "drop"),
    ...keys(
      section({
        metrics: texts,
        match_type: matchType,
        metric_types: list(oneOf("sum", "histogram")),
        regexp: "any",
      }),
      "include exclude",
    ),
  }),
  "processors deltatocumulative": section({ max_stale: "duration", max_streams: "whole" }),
  "processors deltatorate": section({ metrics: texts }, "metrics"),
  "processors interval": section({
    interval: "duration",
    pass_through: section(keys("flag", "gauge summary")),
  }),
  "processors metricstarttime": section({
    strategy: oneOf("true_reset_point", "subtract_initial_point", "start_time_metric"),
    gc_interval: "duration",
    start_time_metric_regex: "text",
  }),
  "processors metricsgeneration": section(
    {
      rules: list(
        section(
          {
            ...keys("text", "name unit metric1 metric2"),
            type: oneOf("calculate", "scale"),
            scale_by: "number",
            operation: oneOf("add", "subtract", "multiply", "divide", "percent"),
          },
          "name",
          "type",
          "metric1",
        ),
      ),
    },
    "rules",
  ),
  "processors probabilistic_sampler": section({
    sampling_percentage: "number",
    ...keys("whole", "hash_seed sampling_precision"),
    ...keys("text", "from_attribute sampling_priority"),
    attribute_source: oneOf("traceID", "record"),
    mode: oneOf("proportional", "equalizing", "hash_seed", ""),
    fail_closed: "flag",
  }),
  "processors tail_sampling": section(
    {
      ...keys("duration", "decision_wait decision_wait_after_root_received"),
      ...keys("whole", "num_traces expected_new_traces_per_sec maximum_trace_size_bytes"),
      decision_cache: section(keys("whole", "sampled_cache_size non_sampled_cache_size")),
      policies: list("any"),
      sample_on_first_match: "flag",
      drop_pending_traces_on_shutdown: "flag",
      options: "any",
    },
    "policies",
  ),
  "processors span": section({
    name: section({
      from_attributes: texts,
      separator: "text",
      to_attributes: section(
        { rules: texts, ...keys("flag", "break_after_match keep_original_name") },
        "rules",
      ),
    }),
    status: section({ code: oneOf("Unset", "Error", "Ok"), description: "text" }),
    ...keys(matchProperties, "include exclude"),
  }),
  "processors k8sattributes": section({
    ...keys("text", "auth_type context"),
    ...keys("flag", "passthrough wait_for_metadata deployment_name_from_replicaset"),
    wait_for_metadata_timeout: "duration",
    extract: section({
      metadata: texts,
      ...keys(
        list(section({ ...keys("text", "tag_name key key_regex from regex"), value: "text" })),
        "labels annotations",
      ),
      ...keys("flag", "otel_annotations deployment_name_from_replicaset"),
    }),
    filter: section({
      ...keys("text", "node node_from_env_var namespace"),
      ...keys(list(section(keys("text", "key value op"))), "fields labels"),
    }),
    pod_association: list(
      section({ sources: list(section(keys("text", "from name"))), ...keys("text", "from name") }),
    ),
    exclude: section({ pods: list(section({ name: "text" })) }),
  }),
  "processors redaction": section({
    ...keys("flag", "allow_all_keys redact_all_types"),
    ...keys(
      texts,
      "allowed_keys ignored_keys ignored_key_patterns blocked_values blocked_key_patterns allowed_values",
    ),
    hash_function: oneOf("md5", "sha1", "sha3"),
    summary: oneOf("debug", "info", "silent"),
    ...keys("any", "url_sanitization db_sanitizer url_sanitizer"),
  }),
  "processors phoenix_topk": section({ k: "whole", by: "text" }, "k"),

  "exporters nop": section({}),
  "exporters debug": section({
    verbosity: oneOf("basic", "normal", "detailed"),
    ...keys("whole", "sampling_initial sampling_thereafter"),
    use_internal_logger: "flag",
    output_paths: texts,
    sending_queue: sendingQueue,
  }),
  "exporters otlp": section({ ...grpcClient, ...exporting }, "endpoint"),
  "exporters otlphttp": section({
    ...httpClient,
    ...exporting,
    ...keys("text", "traces_endpoint metrics_endpoint logs_endpoint profiles_endpoint"),
    encoding: oneOf("proto", "json"),
  }),
  "exporters file": section(
    {
      ...keys("text", "path format encoding compression"),
      append: "flag",
      flush_interval: "duration",
      create_directory: "flag",
      directory_permissions: "text",
      rotation: section({ ...keys("whole", "max_megabytes max_days max_backups"), localtime: "flag" }),
      group_by: section({ enabled: "flag", resource_attribute: "text", max_open_files: "whole" }),
    },
    "path",
  ),
  "exporters prometheus": section(
    {
      ...httpServer,
      namespace: "text",
      const_labels: map("text"),
      ...keys("flag", "send_timestamps enable_open_metrics add_metric_suffixes"),
      metric_expiration: "duration",
      resource_to_telemetry_conversion: section(keys("flag", "enabled exclude_service_attributes")),
      translation_strategy: oneOf(
        "UnderscoreEscapingWithSuffixes",
        "UnderscoreEscapingWithoutSuffixes",
        "NoUTF8EscapingWithSuffixes",
        "NoTranslation",
      ),
    },
    "endpoint",
  ),
  "exporters prometheusremotewrite": section(
    {
      ...httpClient,
      ...exporting,
      namespace: "text",
      external_labels: map("text"),
      remote_write_queue: section({ enabled: "flag", ...keys("whole", "queue_size num_consumers") }),
      resource_to_telemetry_conversion: section(keys("flag", "enabled exclude_service_attributes")),
      target_info: section({ enabled: "flag" }),
      wal: "any",
      ...keys("flag", "add_metric_suffixes send_metadata disable_scope_info"),
      ...keys("whole", "max_batch_size_bytes max_batch_request_parallelism"),
      protobuf_message: "text",
      translation_strategy: "text",
    },
    "endpoint",
  ),
  "exporters zipkin": section(
    { ...httpClient, ...exporting, format: oneOf("json", "proto"), default_service_name: "text" },
    "endpoint",
  ),
  "exporters loadbalancing": section({
    protocol: section({ otlp: section({ ...grpcClient, ...exporting }) }),
    resolver: section({
      static: section({ hostnames: texts }),
      dns: section({ ...keys("text", "hostname port"), ...keys("duration", "interval timeout") }),
      k8s: section({
        service: "text",
        ports: list("whole"),
        timeout: "duration",
        return_hostnames: "flag",
      }),
      aws_cloud_map: "any",
    }),
    routing_key: "text",
    routing_attributes: texts,
    ...exporting,
  }),

  "connectors forward": section({}),
  "connectors count": section(keys(map("any"), "spans spanevents metrics datapoints logs profiles")),
  "connectors sum": section(keys(map("any"), "spans spanevents metrics datapoints logs")),
  "connectors routing": section(
    {
      default_pipelines: texts,
      error_mode: errorMode,
      match_once: "flag",
      table: routes("pipelines"),
    },
    "table",
  ),
  "connectors failover": section({
    priority_levels: list(texts),
    ...keys("duration", "retry_interval retry_gap"),
    max_retries: "whole",
    queue: "any",
    sending_queue: sendingQueue,
  }),
  "connectors spanmetrics": section({
    histogram: section({
      disable: "flag",
      unit: oneOf("ms", "s"),
      explicit: section({ buckets: list("duration") }),
      exponential: section({ max_size: "whole" }),
      dimensions: list("any"),
    }),
    ...keys(list(section({ name: "text", default: "any" }, "name")), "dimensions calls_dimensions"),
    ...keys("any", "exemplars events"),
    ...keys(texts, "exclude_dimensions resource_metrics_key_attributes"),
    ...keys("whole", "dimensions_cache_size resource_metrics_cache_size aggregation_cardinality_limit"),
    aggregation_temporality: "text",
    namespace: "text",
    ...keys("duration", "metrics_flush_interval metrics_expiration metric_timestamp_cache_ttl"),
    metric_timestamp_cache_size: "whole",
    ...keys("flag", "include_instrumentation_scope add_resource_attributes"),
  }),
  "connectors servicegraph": section({
    latency_histogram_buckets: list("duration"),
    exponential_histogram_max_size: "whole",
    ...keys(texts, "dimensions virtual_node_peer_attributes database_name_attributes"),
    ...keys(texts, "database_name_attribute"),
    store: section({ ttl: "duration", max_items: "whole" }),
    ...keys("duration", "cache_loop store_expiration_loop metrics_flush_interval metrics_timestamp_offset"),
    ...keys("flag", "virtual_node_extra_label"),
  }),

  "extensions health_check": section({
    ...httpServer,
    path: "text",
    response_body: section(keys("text", "healthy unhealthy")),
    check_collector_pipeline: section({
      enabled: "flag",
      interval: "duration",
      exporter_failure_threshold: "whole",
    }),
  }),
  "extensions pprof": section({
    ...keys("text", "endpoint save_to_file"),
    ...keys("whole", "block_profile_fraction mutex_profile_fraction"),
    dialer: "any",
  }),
  "extensions zpages": section({ ...httpServer, expvar: section({ enabled: "flag" }) }),
  "extensions file_storage": section({
    directory: "text",
    timeout: "duration",
    ...keys("flag", "fsync create_directory recreate"),
    directory_permissions: "text",
    compaction: section({
      ...keys("flag", "on_start on_rebound cleanup_on_start"),
      directory: "text",
      ...keys("whole", "rebound_needed_threshold_mib rebound_trigger_threshold_mib max_transaction_size"),
      check_interval: "duration",
    }),
  }),
  "extensions basicauth": section({
    htpasswd: section(keys("text", "file inline")),
    client_auth: section(keys("text", "username password username_file password_file")),
  }),
  "extensions bearertokenauth": section({
    ...keys("text", "scheme token filename header"),
    tokens: texts,
  }),
  "extensions oauth2client": section({
    ...keys("text", "client_id client_id_file client_secret client_secret_file token_url grant_type"),
    scopes: texts,
    endpoint_params: "any",
    ...keys("duration", "timeout expiry_buffer"),
    tls: tlsClient,
  }),
  "extensions headers_setter": section({
    headers: list(
      section({
        ...keys("text", "key value from_context from_attribute default_value"),
        action: oneOf("insert", "update", "upsert", "delete"),
      }),
    ),
    additional_auth: "text",
  }),
};

/** @returns The keys of a component's configuration; undefined where they are not written down. */
export const shapeOf = (kind: ComponentKind, type: string): Shape | undefined => shapes[`${kind} ${type}`];

/** What may stand in a configuration besides its components. */
export const serviceShape: Shape = section({
  extensions: texts,
  telemetry: section({
    logs: "any",
    metrics: section({
      level: oneOf("none", "basic", "normal", "detailed"),
      address: "text",
      readers: list("any"),
      views: list("any"),
    }),
    traces: "any",
    resource: "any",
  }),
  pipelines: map(section({ ...keys(texts, "receivers processors exporters") })),
});
