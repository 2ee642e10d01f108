/** One event, ready to be told. */
import type { Experiment } from "../../model/index.js";
import type { ExperimentEvent } from "../../store/index.js";
import { flatView, timeText } from "../experiment-view.js";

/** An event with its place, and the experiment as the event left it. */
export interface Entry {
  readonly event: ExperimentEvent;
  readonly position: number;
  /** Null when the experiment is not there any more. */
  readonly experiment: Record<string, unknown> | null;
}

/** What every dialect tells about an event. */
export interface EntryPayload {
  readonly experiment: Record<string, unknown> | null;
  readonly experiment_id: string;
  readonly event: string;
  readonly state: string;
  readonly status: string;
  readonly previous_state: string | null;
  readonly current_state: string;
  readonly reason: string;
}

/** @param row - The experiment as it is stored now: perhaps further on than the event. */
export function toEntry(event: ExperimentEvent, row: Experiment | undefined): Entry {
  const experiment =
    row === undefined
      ? null
      : {
          ...flatView(row),
          state: event.to_state,
          status: event.to_state,
          reason: event.reason,
          updated_at: timeText(event.created_at),
          updatedAt: timeText(event.created_at),
        };
  return { event, position: event.position ?? 0, experiment };
}

/** @returns The payload that every dialect carries in its own envelope. */
export function payloadOf({ event, experiment }: Entry): EntryPayload {
  return {
    experiment,
    experiment_id: event.experiment_id,
    event: eventName(event),
    state: event.to_state,
    status: event.to_state,
    previous_state: event.from_state,
    current_state: event.to_state,
    reason: event.reason,
  };
}

/** @returns The dotted name of an event, such as `experiment.created`. */
export function eventName({ type }: ExperimentEvent): string {
  return type === "config_updated" ? "config.updated" : `experiment.${type}`;
}
