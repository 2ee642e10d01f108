/** How one kind of client speaks over its socket. */
import type { Entry } from "../entry.js";
import type { Subscription } from "../topics.js";

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
