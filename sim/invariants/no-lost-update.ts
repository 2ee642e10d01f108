/** What people set stays until people change it: no write of the platform puts an older value back. */
import { isDeepStrictEqual } from "node:util";

import type { Invariant } from "./watch.js";

// Each column, and the event without which it must not change.
const owned: readonly (readonly [column: string, events: readonly string[]])[] = [
  ["name", ["updated"]],
  ["description", ["updated"]],
  ["promoted_variant", ["promoted"]],
  ["deleted", ["deleted"]],
  ["tenant_id", []],
  ["target_nodes", []],
  ["created_by", []],
];

export const noLostUpdate: Invariant = {
  name: "no-lost-update",
  summary: "what people set changes only with an event that says so, and nothing counts backwards",
  watch: ({ fail }) => ({
    committed(changes) {
      const types = new Set(
        changes
          .filter(({ table, before }) => table === "experiment_events" && before === null)
          .map(({ after }) => String(after?.["type"])),
      );
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments" || before === null || after === null) continue;
        for (const [column, events] of owned) {
          if (isDeepStrictEqual(before[column], after[column]) || events.some((type) => types.has(type)))
            continue;
          fail(
            `${column} of experiment ${key} became ${JSON.stringify(after[column])}, and no event of the same commit says so`,
          );
        }
        for (const column of ["event_seq", "lease_token"])
          if (Number(after[column]) < Number(before[column]))
            fail(
              `${column} of experiment ${key} went back from ${String(before[column])} to ${String(after[column])}`,
            );
      }
    },
  }),
};
