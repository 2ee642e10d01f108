/** Commands that Redis 7.0 has and the simulated one has not: they answer with an error that says so. */

/** Lower-case names. */
export const unsupportedCommands: ReadonlySet<string> = new Set(
  (
    "acl asking bgrewriteaof bitfield bitfield_ro bitpos cluster debug dump eval_ro evalsha_ro " +
    "failover fcall fcall_ro function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember " +
    "georadiusbymember_ro geosearch geosearchstore latency lcs lolwut memory migrate module " +
    "monitor pfadd pfcount pfdebug pfmerge pfselftest psync replconf replicaof restore restore-asking " +
    "shutdown slaveof slowlog sort sort_ro spublish ssubscribe sunsubscribe sync xsetid"
  ).split(" "),
);
