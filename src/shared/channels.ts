/**
 * What services tell each other over Redis. Messages are hints: each may be lost, and then costs time only.
 */
import { isPlainObject } from "./plain-object.js";

/** Tells gateways that an event was committed, or placed in the order of all events. */
export const eventsChannel = "phoenix:events";

/** Tells controllers that an experiment wants to be looked at. */
export const hintsChannel = "phoenix:hints";

/** Why an experiment wants to be looked at. */
export interface Hint {
  readonly id: string;
  /** `start` waits for a place among those that are brought up; `change` does not. */
  readonly kind: "start" | "change";
}

/** @returns The hint as a message. */
export function formatHint({ id, kind }: Hint): string {
  return JSON.stringify({ id, kind });
}

/** @returns The hint of a message; undefined when it is none. */
export function parseHint(message: string): Hint | undefined {
  try {
    const value: unknown = JSON.parse(message);
    if (!isPlainObject(value) || typeof value["id"] !== "string" || value["id"] === "") return undefined;
    return { id: value["id"], kind: value["kind"] === "start" ? "start" : "change" };
  } catch {
    return undefined;
  }
}
