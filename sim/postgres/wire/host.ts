/** What a connection of the wire protocol stands between: a carrier of bytes and a server. */
import type { Outcome, Plan } from "../execute/plan.js";
import type { ServerSession, SessionEvents } from "../session/session-types.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { Value } from "../types/value.js";

export interface WireEnd {
  /** Takes bytes to the client. */
  send(bytes: Uint8Array): void;
  /** Closes the connection from the server's side, after what was sent. */
  close(): void;
}

export interface WireHost {
  open(user: string, database: string, applicationName: string, events: SessionEvents): ServerSession;
  parse(text: string): readonly ParsedStatement[];
  cancel(pid: number, secret: number): void;
  secretOf(pid: number): number;
}

export interface WireConnection {
  receive(bytes: Uint8Array): void;
  /** The client is gone. */
  closed(): void;
}

export interface Prepared {
  /** Null for an empty text. */
  readonly statement: ParsedStatement | null;
  readonly plan: Plan | null;
}

export interface Portal extends Prepared {
  readonly parameters: readonly Value[];
  outcome: Outcome | null;
  /** Rows already sent. */
  sent: number;
}
