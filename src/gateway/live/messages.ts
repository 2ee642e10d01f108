/** Messages of events, ready to be sent, and how clients subscribe to them. */
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

// What a client may subscribe to, and which events that means.

/** A wish of a client: events of a topic, perhaps of one experiment only. */
export interface Subscription {
  readonly topic: string;
  /** Undefined for every experiment of the tenant. */
  readonly experimentId: string | undefined;
}

/** The topic that carries every event of every experiment. */
export const allUpdates = "experiment.updates";

const everything: ReadonlySet<string> = new Set([
  allUpdates,
  "experiment.update",
  "experiment.*",
  "experiments",
  "experiment",
  "experiments:update",
  "*",
]);

const namesOfState: Readonly<Record<string, string>> = {
  running: "experiment.started",
  completed: "experiment.completed",
  failed: "experiment.failed",
  cancelled: "experiment.cancelled",
};

/** @returns Whether an event is what a subscription asks for. */
export function wants({ topic, experimentId }: Subscription, event: ExperimentEvent): boolean {
  if (experimentId !== undefined && experimentId !== event.experiment_id) return false;
  if (everything.has(topic)) return true;
  const one = /^experiments?[:/](.+)$/.exec(topic);
  if (one !== null) return one[1] === event.experiment_id;
  return topicsOf(event).includes(topic);
}

function topicsOf(event: ExperimentEvent): string[] {
  const topics = [eventName(event)];
  if (event.type === "config_updated") topics.push("config.*", "pipeline.updated", "pipeline.*");
  if (event.type === "state_changed") {
    topics.push("experiment.status_changed");
    const name = namesOfState[event.to_state];
    if (name !== undefined) topics.push(name);
  }
  return topics;
}

// How one kind of client speaks over its socket.

/** What a client asks for, in no dialect. */
export type ClientMessage =
  | { readonly kind: "auth"; readonly token: string }
  | {
      readonly kind: "subscribe";
      readonly subscriptions: readonly Subscription[];
      /** Place of the last event the client has seen; undefined when it did not say. */
      readonly since: number | undefined;
    }
  | { readonly kind: "unsubscribe"; readonly subscriptions: readonly Subscription[] }
  | { readonly kind: "ping" }
  /** Something that does not concern us: the socket stays. */
  | { readonly kind: "ignored" }
  | { readonly kind: "malformed"; readonly problem: string };

/** What the server tells besides events. */
export type ServerNotice =
  | {
      readonly kind: "subscribed" | "unsubscribed";
      readonly topics: readonly string[];
      readonly position: number;
    }
  | { readonly kind: "authenticated"; readonly sessionId: string }
  | { readonly kind: "pong" }
  /** The place that the client named is beyond the end; it goes on from another. */
  | { readonly kind: "moved"; readonly from: number; readonly position: number }
  | { readonly kind: "error"; readonly code: string; readonly message: string };

export interface Dialect {
  readonly read: (text: string) => ClientMessage;
  /** @returns The frames that tell an event; the same entry may be asked for again and again. */
  readonly event: (entry: Entry) => readonly string[];
  /** @returns The frame of a notice; undefined when the dialect has none. */
  readonly notice: (notice: ServerNotice, nowMs: number) => string | undefined;
  /** Frames to send when the socket has opened. @param upgrades - Transports that it may change to. */
  readonly greeting: (sessionId: string, upgrades: readonly string[]) => readonly string[];
  /** What a client of this dialect is subscribed to without asking. */
  readonly standing: readonly Subscription[];
  /** Whether a token of the upgrade request counts at once, or only when the client introduces itself. */
  readonly authenticatesOnOpen: boolean;
  /** @returns The frame that tells the whole list of experiments; undefined when the dialect has none. */
  readonly snapshot: ((experiments: readonly unknown[]) => string) | undefined;
  /** A frame that keeps the connection up, and how often it is due; undefined when none is. */
  readonly keepAlive: { readonly frame: string; readonly everyMs: number } | undefined;
}
