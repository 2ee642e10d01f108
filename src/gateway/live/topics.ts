/** What a client may subscribe to, and which events that means. */
import type { ExperimentEvent } from "../../store/index.js";
import { eventName } from "./entry.js";

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
