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
}

export function createStateWatch(): StateWatch {
  const histories = new Map<string, string[]>();
  return {
    committed(changes) {
      for (const { table, after } of changes) {
        if (table !== "experiments" || after === null) continue;
        const id = String(after["id"]);
        const state = String(after["state"]);
        const history = histories.get(id);
        if (history === undefined) histories.set(id, [state]);
        else if (history.at(-1) !== state) history.push(state);
      }
    },
    history: (experimentId) => histories.get(experimentId) ?? [],
  };
}
