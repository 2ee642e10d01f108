/** Commands about the server: settings, flushing, information. */
import {
  pairs,
  subcommands,
  unsupported,
  type Args,
  type CommandResult,
  type CommandTable,
  type Context,
  type Core,
} from "../command.js";
import { matchesGlob } from "../pubsub.js";
import {
  EMPTY,
  OK,
  RedisError,
  array,
  bulk,
  bulks,
  integer,
  map,
  syntaxError,
  verbatim,
  type RedisReply,
} from "../reply.js";
import { checkSetting, namesOf } from "../settings.js";
import { readDatabaseIndex } from "./connection.js";

// INFO: what the server says of itself, by section. Sizes are estimates from the data it holds.

type Rows = readonly (readonly [name: string, value: string | number])[];

/** A server without keys uses about as much. */
const emptyBytes = 900_000;

function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const [divisor, unit] = bytes < 1 << 20 ? [1024, "K"] : bytes < 1 << 30 ? [1 << 20, "M"] : [1 << 30, "G"];
  return `${(bytes / divisor).toFixed(2)}${unit}`;
}

const server = (core: Core): Rows => {
  const now = core.clock.now();
  const up = Math.floor((now - core.startedAt()) / 1000);
  return [
    ["redis_version", "7.0.15"],
    ["redis_git_sha1", "00000000"],
    ["redis_git_dirty", 0],
    ["redis_mode", "standalone"],
    ["os", "phoenix-sim"],
    ["arch_bits", 64],
    ["multiplexing_api", "phoenix-sim"],
    ["process_id", 1],
    ["run_id", "0".repeat(40)],
    ["tcp_port", 6379],
    ["server_time_usec", Math.floor(now * 1000)],
    ["uptime_in_seconds", up],
    ["uptime_in_days", Math.floor(up / 86_400)],
    ["hz", 10],
    ["configured_hz", 10],
  ];
};

const memory = (core: Core): Rows => {
  const used = emptyBytes + core.databases.reduce((sum, db) => sum + db.size, 0) * 100;
  return [
    ["used_memory", used],
    ["used_memory_human", humanBytes(used)],
    ["used_memory_rss", used],
    ["used_memory_rss_human", humanBytes(used)],
    ["used_memory_peak", used],
    ["used_memory_peak_human", humanBytes(used)],
    ["number_of_cached_scripts", core.scripts.size],
    ["maxmemory", 0],
    ["maxmemory_human", "0B"],
    ["maxmemory_policy", core.settings.get("maxmemory-policy") ?? ""],
    ["mem_fragmentation_ratio", "1.00"],
    ["mem_allocator", "phoenix-sim"],
  ];
};

const stats = ({ counters, pubsub }: Core): Rows => [
  ["total_connections_received", counters.connections],
  ["total_commands_processed", counters.commands],
  ["instantaneous_ops_per_sec", 0],
  ["rejected_connections", 0],
  ["expired_keys", counters.expired],
  ["evicted_keys", 0],
  ["keyspace_hits", counters.hits],
  ["keyspace_misses", counters.misses],
  ["pubsub_channels", pubsub.names("channel").length],
  ["pubsub_patterns", pubsub.names("pattern").length],
  ["total_error_replies", counters.errors],
];

const keyspace = ({ databases }: Core): Rows =>
  databases
    .filter((db) => db.size > 0)
    .map((db) => {
      const expires = db.keys().filter((key) => db.expireAt(key) !== null).length;
      return [`db${db.index}`, `keys=${db.size},expires=${expires},avg_ttl=0`] as const;
    });

/** In the order in which Redis shows them. `extra` ones are shown on request, or by `all` and `everything`. */
const sections: readonly {
  readonly title: string;
  readonly extra?: true;
  readonly rows: (core: Core) => Rows;
}[] = [
  { title: "Server", rows: server },
  {
    title: "Clients",
    rows: ({ sessions, blocking }) => [
      ["connected_clients", sessions.size],
      ["cluster_connections", 0],
      ["maxclients", 10_000],
      ["blocked_clients", blocking.count],
      ["tracking_clients", 0],
    ],
  },
  { title: "Memory", rows: memory },
  {
    title: "Persistence",
    rows: ({ startedAt }) => [
      ["loading", 0],
      ["async_loading", 0],
      ["rdb_bgsave_in_progress", 0],
      ["rdb_last_save_time", Math.floor(startedAt() / 1000)],
      ["rdb_last_bgsave_status", "ok"],
      ["aof_enabled", 0],
    ],
  },
  { title: "Stats", rows: stats },
  {
    title: "Replication",
    rows: () => [
      ["role", "master"],
      ["connected_slaves", 0],
      ["master_failover_state", "no-failover"],
      ["master_replid", "0".repeat(40)],
      ["master_repl_offset", 0],
    ],
  },
  {
    title: "CPU",
    rows: () => [
      ["used_cpu_sys", "0.000000"],
      ["used_cpu_user", "0.000000"],
    ],
  },
  { title: "Modules", rows: () => [] },
  {
    title: "Commandstats",
    extra: true,
    rows: ({ calls }) => [...calls].map(([name, count]) => [`cmdstat_${name}`, `calls=${count}`] as const),
  },
  { title: "Errorstats", rows: () => [] },
  { title: "Cluster", rows: () => [["cluster_enabled", 0]] },
  { title: "Keyspace", rows: keyspace },
];

/** @param names - Sections asked for, in any case; none for those that Redis shows by default. */
function describeServer(core: Core, names: readonly string[]): string {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const every = wanted.has("all") || wanted.has("everything");
  const usual = wanted.size === 0 || wanted.has("default") || every;
  const shown = sections.filter(
    ({ title, extra }) => wanted.has(title.toLowerCase()) || (usual && (every || extra !== true)),
  );
  return shown
    .map(({ title, rows }) => [`# ${title}`, ...rows(core).map((row) => row.join(":")), ""].join("\r\n"))
    .join("\r\n");
}

function getSettings({ core }: Context, args: Args): RedisReply {
  const items: RedisReply[] = [];
  for (const [name, value] of core.settings) {
    if (args.some((pattern) => matchesGlob(pattern.toLowerCase(), name))) items.push(bulk(name), bulk(value));
  }
  return map(items);
}

function setSettings({ core }: Context, args: Args): RedisReply {
  if (args.length % 2 !== 0) throw syntaxError();
  const changes = new Map<string, string>();
  for (const [name, value] of pairs(args)) {
    const lower = name.toLowerCase();
    const checked = checkSetting(name, value, core.settings.get(lower));
    for (const each of namesOf(lower)) {
      if (changes.has(each)) {
        throw new RedisError(
          `ERR CONFIG SET failed (possibly related to argument '${name}') - duplicate parameter`,
        );
      }
      changes.set(each, checked);
    }
  }
  for (const [name, value] of changes) core.settings.set(name, value);
  // Keys whose deadlines nobody had to be notified of until now.
  for (const db of core.databases) db.announceDeadlines();
  return OK;
}

const config = subcommands("config", {
  get: [-3, "", getSettings],
  set: [-4, "", setSettings],
  resetstat: [
    2,
    "",
    ({ core }) => {
      core.calls.clear();
      core.counters.reset();
      return OK;
    },
  ],
});

function flush(context: Context, args: Args, all: boolean): RedisReply {
  const word = args.length === 0 ? "SYNC" : args[0].toUpperCase();
  if (args.length > 1 || (word !== "SYNC" && word !== "ASYNC")) throw syntaxError();
  for (const db of all ? context.core.databases : [context.db]) {
    context.core.keysCleared(db.index, db.clear());
  }
  return OK;
}

function time({ core }: Context): RedisReply {
  const now = core.clock.now();
  const seconds = Math.floor(now / 1000);
  return bulks([String(seconds), String(Math.floor((now - seconds * 1000) * 1000))]);
}

function swap({ core }: Context, args: Args): RedisReply {
  const [left, right] = [readDatabaseIndex(core, args[0]), readDatabaseIndex(core, args[1])];
  if (left !== right) {
    throw new RedisError("ERR SIM_UNSUPPORTED SWAPDB: the simulated Redis does not swap databases");
  }
  return OK;
}

/** @param count - How many commands the server knows. */
export function serverCommands(count: () => number): CommandTable {
  return {
    config: [-2, "s", config],
    flushdb: [-1, "w", (context, args) => flush(context, args, false)],
    flushall: [-1, "w", (context, args) => flush(context, args, true)],
    info: [-1, "", ({ core }, args) => verbatim(describeServer(core, args))],
    time: [1, "", time],
    swapdb: [3, "w", swap],
    lastsave: [1, "", ({ core }) => integer(Math.floor(core.startedAt() / 1000))],
    role: [1, "s", () => array([bulk("master"), integer(0), EMPTY])],
    wait: [3, "s", () => integer(0)],
    readonly: [
      1,
      "",
      () => {
        throw new RedisError("ERR This instance has cluster support disabled");
      },
    ],
    readwrite: [
      1,
      "",
      () => {
        throw new RedisError("ERR This instance has cluster support disabled");
      },
    ],
    command: [-1, "", describeCommands(count)],
  };
}

/** redis-cli asks for documentation when it starts; an empty answer makes it do without. */
function describeCommands(count: () => number): (context: Context, args: Args) => CommandResult {
  const named = subcommands("command", {
    count: [2, "", () => integer(count())],
    docs: [-2, "", () => map([])],
  });
  return (context, args) => {
    if (args.length === 0) throw unsupported("command");
    return named(context, args);
  };
}
