/** Where the simulated Redis is known to differ from Redis 7.0, for the page on what is supported. */

export interface KnownDifference {
  readonly feature: string;
  readonly difference: string;
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    feature: "keys",
    difference:
      "KEYS, SCAN, SMEMBERS and large hashes come in a deterministic order; the real order is that of a hash table.",
  },
  {
    feature: "keys",
    difference: "OBJECT ENCODING after APPEND or SETRANGE names the encoding of a fresh value.",
  },
  {
    feature: "expiry",
    difference:
      "An expired key that nobody looks at is removed when it is next looked at; with keyspace notifications on, exactly one millisecond after its deadline. DBSIZE counts it until then.",
  },
  {
    feature: "sorted sets",
    difference: "Ranges by name over members of different scores, which Redis leaves unspecified.",
  },
  {
    feature: "streams",
    difference:
      "Approximate trimming: nodes are full after 100 entries or about 4096 bytes; the bytes are estimated.",
  },
  { feature: "scripts", difference: "The wording of Lua's own run-time errors, and the order of pairs()." },
  {
    feature: "scripts",
    difference:
      "A script is stopped after 20 million instructions with SIM_STEP_LIMIT; Redis runs it until SCRIPT KILL.",
  },
  { feature: "pub/sub", difference: "Several matching patterns are served in the order of subscription." },
  { feature: "connection", difference: "INFO and CLIENT LIST have the fields that clients read, not all." },
  {
    feature: "persistence",
    difference: "A crash keeps everything (aof) or nothing (none); there are no RDB files.",
  },
];
