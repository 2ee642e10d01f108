/** Where the simulated PostgreSQL is known to differ from PostgreSQL 15, or is not compared with it. */

export interface KnownDifference {
  readonly feature: string;
  readonly difference: string;
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    feature: "syntax errors",
    difference:
      "Not compared: `position`, `where`, `file`, `line` and `routine` of an error, and hints that guess what was meant.",
  },
  {
    feature: "deadlocks",
    difference:
      "Not compared: the detail of 40P01, and detail and hint of 40001, which name processes and reasons.",
  },
  {
    feature: "select",
    difference:
      "Rows without ORDER BY come in a deterministic order of their own; they are compared as a set, since the real order is that of the heap.",
  },
  {
    feature: "row locks",
    difference:
      "Where waiters race for a changed row, the real answer depends on the load of its machine; the simulated answer is one of those it gives.",
  },
  {
    feature: "text",
    difference: 'Certified under the collation "C"; there is no other.',
  },
  {
    feature: "connection",
    difference: "No TLS and no passwords: any user and any database name are taken.",
  },
  {
    feature: "persistence",
    difference:
      "A crash keeps exactly what was committed; recovery takes the time of an option; there is no replication.",
  },
];
