/** Commands that Redis 7.0 has and the simulated one has not: they answer with an error that says so. */

import { RedisError } from "./reply.js";

/** Lower-case names. */
export const unsupportedCommands: ReadonlySet<string> = new Set(
  (
    "acl asking bgrewriteaof bgsave bitfield bitfield_ro bitpos cluster debug dump " +
    "failover fcall fcall_ro function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember " +
    "georadiusbymember_ro geosearch geosearchstore latency lcs lolwut memory migrate module " +
    "monitor pfadd pfcount pfdebug pfmerge pfselftest psync replconf replicaof restore restore-asking save " +
    "shutdown slaveof slowlog sort sort_ro spublish ssubscribe sunsubscribe sync xsetid"
  ).split(" "),
);

/** Subcommands of families that are here otherwise, as `family|name`. */
const unsupportedSubcommands: ReadonlySet<string> = new Set(
  (
    "client|caching client|getredir client|help client|pause client|reply client|tracking client|trackinginfo " +
    "client|unpause command|getkeys command|getkeysandflags command|help command|info command|list " +
    "config|help config|rewrite object|freq object|help object|idletime pubsub|help pubsub|shardchannels " +
    "pubsub|shardnumsub script|debug script|help xgroup|help xinfo|help"
  ).split(" "),
);

/** The error of a command, or `family|subcommand`, that Redis has and the simulation has not. */
export function unsupported(name: string): RedisError {
  const shown = name.toUpperCase().replace("|", " ");
  return new RedisError(
    `ERR SIM_UNSUPPORTED ${shown}: Redis has this command, the simulated one has not; docs/support.md lists those it has`,
  );
}

/** The error for a subcommand that is not in a family's table. */
export function missingSubcommand(family: string, given: string): RedisError {
  const name = `${family}|${given.toLowerCase()}`;
  if (unsupportedSubcommands.has(name)) return unsupported(name);
  return new RedisError(`ERR unknown subcommand '${given}'. Try ${family.toUpperCase()} HELP.`);
}
