/** Follows the states of experiments as they are committed, so that no wait can miss a short one. */

/** A change of one row, as the database reports it at commit. */
interface RowChange {
  readonly table: string;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface StateWatch {
  /** Takes in what one transaction committed. */
  committed(changes: readonly RowChange[]): void;
  /** States an experiment has been in, in order; empty for an unknown one. */
  history(experimentId: string): readonly string[];
  /** Why it is in its last state, as its row says; empty when the row says nothing. */
  reason(experimentId: string): string;
}

export function createStateWatch(): StateWatch {
  const histories = new Map<string, string[]>();
  const reasons = new Map<string, string>();
  return {
    committed(changes) {
      for (const { table, after } of changes) {
        if (table !== "experiments" || after === null) continue;
        const id = String(after["id"]);
        const state = String(after["state"]);
        const history = histories.get(id);
        reasons.set(id, typeof after["reason"] === "string" ? after["reason"] : "");
        if (history === undefined) histories.set(id, [state]);
        else if (history.at(-1) !== state) history.push(state);
      }
    },
    history: (experimentId) => histories.get(experimentId) ?? [],
    reason: (experimentId) => reasons.get(experimentId) ?? "",
  };
}
