/** CONFIG: the settings of a server that was started without a file, and what may be put in their place. */
import { readInteger } from "./numbers.js";
import { RedisError } from "./reply.js";

/** What Redis 7.0 gives for `CONFIG GET *`, without what belongs to a machine, TLS, a cluster or replicas. */
const defaults = `
acl-pubsub-default resetchannels
aclfile
acllog-max-len 128
active-expire-effort 1
activedefrag no
activerehashing yes
appenddirname appendonlydir
appendfilename appendonly.aof
appendfsync everysec
appendonly no
auto-aof-rewrite-min-size 67108864
auto-aof-rewrite-percentage 100
bind-source-addr
busy-reply-threshold 5000
client-output-buffer-limit normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60
client-query-buffer-limit 1073741824
cluster-enabled no
crash-log-enabled yes
databases 16
dbfilename dump.rdb
dynamic-hz yes
enable-debug-command no
enable-module-command no
enable-protected-configs no
hash-max-listpack-entries 512
hash-max-listpack-value 64
hash-max-ziplist-entries 512
hash-max-ziplist-value 64
hll-sparse-max-bytes 3000
hz 10
io-threads 1
io-threads-do-reads no
latency-monitor-threshold 0
latency-tracking yes
latency-tracking-info-percentiles 50 99 99.9
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
lfu-decay-time 1
lfu-log-factor 10
list-compress-depth 0
list-max-listpack-size -2
list-max-ziplist-size -2
loglevel notice
lua-time-limit 5000
maxclients 10000
maxmemory 0
maxmemory-clients 0
maxmemory-eviction-tenacity 10
maxmemory-policy noeviction
maxmemory-samples 5
min-replicas-max-lag 10
min-replicas-to-write 0
no-appendfsync-on-rewrite no
notify-keyspace-events
oom-score-adj no
port 6379
propagation-error-behavior ignore
protected-mode yes
proto-max-bulk-len 536870912
replica-ignore-disk-write-errors no
replica-ignore-maxmemory yes
replica-lazy-flush no
replica-priority 100
replica-read-only yes
replica-serve-stale-data yes
requirepass
sanitize-dump-payload no
save 3600 1 300 100 60 10000
set-max-intset-entries 512
shutdown-on-sigint default
shutdown-on-sigterm default
shutdown-timeout 10
slowlog-log-slower-than 10000
slowlog-max-len 128
stop-writes-on-bgsave-error yes
stream-node-max-bytes 4096
stream-node-max-entries 100
syslog-enabled no
tcp-backlog 511
tcp-keepalive 300
timeout 0
tracking-table-max-keys 1000000
unixsocketperm 0
zset-max-listpack-entries 128
zset-max-listpack-value 64
zset-max-ziplist-entries 128
zset-max-ziplist-value 64
`;

/** Settings of a new server, by name. */
export function defaultSettings(): Map<string, string> {
  const lines = defaults.trim().split("\n");
  return new Map(
    lines.map((line): [string, string] => {
      const [name = "", ...words] = line.split(" ");
      return [name, words.join(" ")];
    }),
  );
}

const eventClasses = /^[g$lshzxetdmnKEA]*$/;

/** Two names of one setting. */
const aliases: Readonly<Record<string, string>> = {
  "lua-time-limit": "busy-reply-threshold",
  "hash-max-ziplist-entries": "hash-max-listpack-entries",
  "hash-max-ziplist-value": "hash-max-listpack-value",
  "list-max-ziplist-size": "list-max-listpack-size",
  "zset-max-ziplist-entries": "zset-max-listpack-entries",
  "zset-max-ziplist-value": "zset-max-listpack-value",
};

/** @returns All names of the setting that `name` is one of. */
export function namesOf(name: string): readonly string[] {
  const first = aliases[name] ?? name;
  return [first, ...Object.keys(aliases).filter((alias) => aliases[alias] === first)];
}

/** Cannot be changed while the server runs. */
const immutable = new Set([
  "databases",
  "port",
  "cluster-enabled",
  "io-threads",
  "tcp-backlog",
  "appendfilename",
]);

/** Those whose change would show and is not simulated: only their default is taken. */
const fixed: Readonly<Record<string, RegExp>> = {
  maxmemory: /^0$/,
  requirepass: /^$/,
  timeout: /^0$/,
  "maxmemory-clients": /^0$/,
};

const policies = [
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "noeviction",
];

/** @returns Why a value cannot be taken, as Redis says it; undefined when it can. */
function problemOf(name: string, value: string, before: string): string | undefined {
  if (immutable.has(name)) return "can't set immutable config";
  if (name === "notify-keyspace-events") {
    return eventClasses.test(value) ? undefined : "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
  }
  if (name === "maxmemory-policy" && !policies.includes(value)) {
    return `argument(s) must be one of the following: ${policies.join(", ")}`;
  }
  if (name === "save")
    return /^(?:\d+ \d+(?: \d+ \d+)*)?$/.test(value) ? undefined : "Invalid save parameters";
  if (before === "yes" || before === "no") {
    return value === "yes" || value === "no" ? undefined : "argument must be 'yes' or 'no'";
  }
  if (/^\d+$/.test(before) && !/^\d+(?:b|[kmg]b?)?$/i.test(value)) {
    return /^-?\d+$/.test(value)
      ? "argument must be between 0 and 2147483647 inclusive"
      : "argument couldn't be parsed into an integer";
  }
  return undefined;
}

const units: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  kb: 1 << 10,
  mb: 1 << 20,
  gb: 1 << 30,
  b: 1,
};

function inBytes(value: string): string {
  const match = /^(\d+)(b|[kmg]b?)$/i.exec(value);
  if (match === null) return value;
  return String(readInteger(match[1] ?? "0") * (units[(match[2] ?? "b").toLowerCase()] ?? 1));
}

/**
 * @param known - The value that the setting has, undefined when there is no such setting.
 * @returns The value as it is kept.
 * @throws RedisError with the words of Redis, or `SIM_UNSUPPORTED` for a change that would have to show.
 */
export function checkSetting(name: string, value: string, known: string | undefined): string {
  if (known === undefined) {
    throw new RedisError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
  }
  const lower = name.toLowerCase();
  const problem = problemOf(lower, value, known);
  if (problem !== undefined) {
    throw new RedisError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${problem}`);
  }
  const kept = /^\d+$/.test(known) ? inBytes(value) : value;
  if (fixed[lower]?.test(kept) === false) {
    throw new RedisError(
      `ERR SIM_UNSUPPORTED CONFIG SET ${name} ${value}: the simulated Redis does not act on it, and keeps ${known === "" ? "it empty" : known}`,
    );
  }
  return kept;
}
