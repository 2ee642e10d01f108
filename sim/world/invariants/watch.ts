/**
 * What invariants look at: what the database committed, what gateways answered and sent, what nodes run.
 *
 * An invariant only watches. It must cost little, because it watches every run.
 */

/** One row, values as `pg` shows them. */
export type RowImage = Readonly<Record<string, unknown>>;

/** A row before and after a commit; null when it was not there. */
export interface RowChange {
  readonly table: string;
  readonly key: string;
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

/** Who committed: a host, and which incarnation. */
export interface Writer {
  readonly host: string;
  readonly incarnation: number;
}

/** Stands for the test itself, which may write to the database what it likes: what it commits is noted, not judged. */
export const testWriter: Writer = { host: "", incarnation: 0 };

/** Who a token speaks for, as it says itself. */
export interface Claims {
  readonly tenant: string;
  readonly user: string;
  readonly roles: readonly string[];
  /** When the token ends, in epoch milliseconds; 0 when it does not say. */
  readonly expiresAtMs: number;
}

/** A request to a gateway that may change something, as it arrived. */
interface Question {
  /** Unique within a world, from 1. */
  readonly id: number;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly requestBody: string;
  readonly claims: Claims | undefined;
}

/** One answer of a gateway, as it was sent. */
export interface Answer {
  /** Id of the question; 0 when it was one that changes nothing. */
  readonly question: number;
  readonly host: string;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** Empty, or from the question mark on. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestBody: string;
  readonly claims: Claims | undefined;
  readonly status: number;
  /** Virtual milliseconds at which the request arrived. */
  readonly askedAtMs: number;
  /** What the clock of the host showed when it answered, in epoch milliseconds: a fault may have set it wrong. */
  readonly hostNowMs: number;
  readonly body: string;
  /** The body as JSON; undefined when it is none. Parsed once. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** One WebSocket of a gateway. */
export interface Socket {
  readonly id: number;
  readonly host: string;
  readonly url: string;
  readonly claims: Claims | undefined;
  readonly open: boolean;
}

/** A collector that a node should run. */
interface RunningCollector {
  readonly experimentId: string;
  readonly variant: string;
  readonly version: number;
  /** YAML text. */
  readonly config: string;
  readonly port: number;
}

/** A load that a node should run. */
interface RunningLoad {
  readonly loadId: string;
  readonly experimentId: string;
}

/** What an invariant may ask for. */
export interface InvariantView {
  /** Virtual milliseconds since the world began. */
  readonly nowMs: number;
  /** Epoch milliseconds at which the world began. */
  readonly epochMs: number;
  /** Says that it does not hold: the run ends. */
  fail(problem: string): void;
  /** Committed rows. */
  rows(table: string): readonly RowImage[];
  /** The last committed row of an experiment. */
  experiment(id: string): RowImage | undefined;
  /** Every experiment that was ever committed. */
  experiments(): Iterable<RowImage>;
  /** Collectors on the disks of all nodes, by node. */
  collectors(): ReadonlyMap<string, readonly RunningCollector[]>;
  /** Loads on the disks of all nodes, by node. */
  loads(): ReadonlyMap<string, readonly RunningLoad[]>;
  /** The highest version of a collector that was ever live on a node; 0 when none was. */
  versionOnceLive(node: string, experimentId: string, variant: string): number;
  /** Nodes for which Prometheus ever got a series of an experiment. */
  nodesOfSeries(experimentId: string): readonly string[];
}

/** What an invariant does with what it sees. Nothing here may change the world. */
export interface Watcher {
  onCommit?(changes: readonly RowChange[], by: Writer | undefined): void;
  /** Told of every request but those by GET; some are never answered. */
  onRequest?(question: Question): void;
  onResponse?(answer: Answer): void;
  /** A frame of the server; `json` is undefined when it is not JSON. */
  onFrame?(socket: Socket, text: string, json: Readonly<Record<string, unknown>> | undefined): void;
  /** A frame of the client. */
  onClientMessage?(socket: Socket, json: Readonly<Record<string, unknown>> | undefined, text: string): void;
  /** Asked once faults have ended: what is still to come, in words; undefined when nothing is. */
  pending?(): string | undefined;
  /** Called once, when nothing is pending any more. */
  finished?(): void;
}

export interface Invariant {
  /** Stable, public name, in kebab case. */
  readonly name: string;
  /** What always holds, as one sentence. */
  readonly summary: string;
  /**
   * How long the same thing may be pending once faults have ended, in virtual milliseconds.
   *
   * @default as long as the world has to converge
   */
  readonly pendingMsMax?: number;
  watch(view: InvariantView): Watcher;
}

/** @returns A value that may be JSON text, as JSON. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** @returns A value as text; an object as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? "";
}

/** @returns Texts of a column that holds a list. */
export function textsOf(value: unknown): readonly string[] {
  const list = jsonOf(value);
  return Array.isArray(list) ? list.map(String) : [];
}
