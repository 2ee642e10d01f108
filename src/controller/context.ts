/** What every step of the controller has at hand. */
import type { PrometheusClient } from "../analysis/index.js";
import type { Clock, HttpClient, Logger, SqlPool } from "../ports/index.js";
import type { DatabaseTime } from "../shared/index.js";
import type { ControllerMetrics } from "./metrics.js";
import type { NodesInUse } from "./nodes-in-use.js";
import type { ResolvedControllerOptions } from "./options.js";
import type { ControllerParts } from "./parts.js";

export interface ControllerContext {
  readonly clock: Clock;
  readonly sql: SqlPool;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly options: ResolvedControllerOptions;
  readonly parts: ControllerParts;
  readonly time: DatabaseTime;
  readonly prometheus: PrometheusClient;
  readonly metrics: ControllerMetrics;
  /** Name under which this incarnation holds leases. */
  readonly owner: string;
  /** Tells live clients and other replicas that an event was committed. Never throws. */
  readonly announce: (experimentId: string) => void;
  /** Waits; ends early, with false, when the controller stops. */
  readonly sleep: (delayMs: number, label: string) => Promise<boolean>;
  /** Experiments whose collectors a node does not have as it should. */
  readonly drifted: Set<string>;
  /** Nodes that are looked at in each tick. */
  readonly nodesInUse: NodesInUse;
}

/** What a step leaves to be done. */
export type Outcome =
  /** Nothing, until someone asks again. */
  | { readonly kind: "done" }
  /** The state moved on: look again at once. */
  | { readonly kind: "again" }
  /** Look again after a while. */
  | { readonly kind: "wait"; readonly delayMs: number; readonly lane?: Lane };

/** Where an experiment waits for its turn. Without one in an outcome it stays where it is. */
export type Lane = "starting" | "steady";
