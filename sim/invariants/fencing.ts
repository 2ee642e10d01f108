/** Whoever was overtaken writes no more: a controller changes only what it holds. */
import type { Invariant, RowChange, Writer } from "./watch.js";

const watched = ["state", "applied_version", "init_started_at", "open", "lease_owner"] as const;

export const fencing: Invariant = {
  name: "fencing",
  summary: "no write by a holder of an old lease",
  watch({ fail }) {
    const holders = new Map<string, string>();

    function check({ key, before, after }: RowChange, by: Writer): void {
      if (before === null || after === null) return;
      const who = `${by.host} in life ${by.life}`;
      const claimed =
        after["lease_owner"] !== null && Number(after["lease_token"]) > Number(before["lease_token"]);
      if (claimed) {
        holders.set(key, who);
        return;
      }
      const column = watched.find((name) => !same(before[name], after[name]));
      const holder = holders.get(key);
      // Giving back twice changes nothing; writing over what another holds is wrong whatever is written.
      if (before["lease_owner"] === null) {
        if (column !== undefined) fail(`${who} changed ${column} of experiment ${key}, which nobody holds`);
      } else if (holder !== undefined && holder !== who) {
        fail(`${who} wrote ${column ?? "the same again"} to experiment ${key}, which ${holder} holds`);
      }
    }

    return {
      committed(changes, by) {
        if (by === undefined || !by.host.startsWith("controller")) return;
        for (const change of changes) if (change.table === "experiments") check(change, by);
      },
    };
  },
};

function same(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}
