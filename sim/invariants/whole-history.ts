/** Each change of state is committed together with the event that tells of it, and events are never changed. */
import type { Invariant, RowChange } from "./watch.js";

export const wholeHistory: Invariant = {
  name: "whole-history",
  summary: "a transition and its event are committed together, numbered without gaps",
  watch({ fail }) {
    const lastSeq = new Map<string, number>();

    function added({ key, after }: RowChange): void {
      const [id, seq] = [String(after?.["experiment_id"]), Number(after?.["seq"])];
      const last = lastSeq.get(id) ?? 0;
      if (seq !== last + 1) fail(`event ${key} follows number ${last} of its experiment`);
      lastSeq.set(id, Math.max(last, seq));
    }

    return {
      committed(changes) {
        const events = changes.filter(({ table }) => table === "experiment_events");
        const fresh = events
          .filter(({ before }) => before === null)
          .sort((a, b) => Number(a.after?.["seq"]) - Number(b.after?.["seq"]));
        fresh.forEach(added);
        for (const { key, before, after } of events)
          if (before !== null && before["to_state"] !== after?.["to_state"]) fail(`event ${key} was changed`);
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || before === null || after === null) continue;
          if (before["state"] === after["state"]) continue;
          const told = fresh.some(
            (event) =>
              event.after?.["experiment_id"] === after["id"] &&
              event.after?.["from_state"] === before["state"] &&
              event.after?.["to_state"] === after["state"],
          );
          if (!told) fail(`experiment ${key} became ${String(after["state"])} without an event`);
        }
      },
    };
  },
};
