/** A row of the table of experiments. */
import type { Experiment } from "../model/index.js";
import { fromJson, toMs, toMsOrNull, type TimeColumn } from "./columns.js";

/** An experiment as the driver gives it, with the columns that only statements read. */
export interface ExperimentRow extends Omit<Experiment, TimeField | "target_nodes" | "config"> {
  readonly target_nodes: unknown;
  readonly config: unknown;
  readonly created_at: TimeColumn;
  readonly updated_at: TimeColumn;
  readonly state_changed_at: TimeColumn;
  readonly started_at: TimeColumn | null;
  readonly completed_at: TimeColumn | null;
  readonly deadline_at: TimeColumn | null;
  readonly init_started_at: TimeColumn | null;
  readonly open?: boolean;
  readonly announced?: boolean;
}

type TimeField =
  | "created_at"
  | "updated_at"
  | "started_at"
  | "completed_at"
  | "state_changed_at"
  | "deadline_at"
  | "init_started_at";

/** @returns The experiment of a row. */
export function toExperiment(row: ExperimentRow): Experiment {
  const { open: _open, announced: _announced, ...rest } = row;
  return {
    ...rest,
    target_nodes: fromJson(row.target_nodes) as Experiment["target_nodes"],
    config: fromJson(row.config) as Experiment["config"],
    created_at: toMs(row.created_at),
    updated_at: toMs(row.updated_at),
    state_changed_at: toMs(row.state_changed_at),
    started_at: toMsOrNull(row.started_at),
    completed_at: toMsOrNull(row.completed_at),
    deadline_at: toMsOrNull(row.deadline_at),
    init_started_at: toMsOrNull(row.init_started_at),
    lease_owner: row.lease_owner ?? null,
    promoted_variant: row.promoted_variant ?? null,
  };
}
