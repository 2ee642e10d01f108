/** What every step of the controller has at hand. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

import type { PrometheusClient } from "../analysis/index.js";
import { experimentStates, isTerminal, type Experiment, type ExperimentState } from "../model/index.js";
import type { Clock, HttpClient, Logger, SqlPool } from "../ports/index.js";
import type { DatabaseTime } from "../shared/index.js";
import type { ControllerParts, ResolvedControllerOptions } from "./options.js";

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

// What the controller tells Prometheus.

export interface ControllerMetrics {
  /** Notes a transition and how long the state before it lasted. */
  transitioned(from: ExperimentState, to: ExperimentState, lastedMs: number): void;
  /** Notes a step that failed. */
  stepFailed(): void;
  /** Notes the open experiments, as the last tick saw them. */
  observed(experiments: readonly Experiment[]): void;
  /** @returns The exposition text. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Creates metrics in a registry of their own. */
export function createControllerMetrics(): ControllerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const duration = new Histogram({
    name: "phoenix_state_transition_duration_seconds",
    help: "How long a state lasted before it was left.",
    labelNames: ["from", "to"],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 3600],
    registers,
  });
  const transitions = new Counter({
    name: "phoenix_state_transitions_total",
    help: "Transitions of experiments.",
    labelNames: ["from", "to"],
    registers,
  });
  const byState = new Gauge({
    name: "phoenix_experiments_by_state",
    help: "Experiments that need the controller, by state.",
    labelNames: ["state"],
    registers,
  });
  const active = new Gauge({
    name: "phoenix_experiments_active",
    help: "Experiments that are not yet terminal.",
    registers,
  });
  const failures = new Counter({
    name: "phoenix_controller_step_failures_total",
    help: "Steps that failed and will be tried again.",
    registers,
  });
  return {
    transitioned: (from, to, lastedMs) => {
      duration.observe({ from, to }, lastedMs / 1000);
      transitions.inc({ from, to });
    },
    stepFailed: () => failures.inc(),
    observed: (experiments) => {
      for (const state of experimentStates) {
        byState.set({ state }, experiments.filter((experiment) => experiment.state === state).length);
      }
      active.set(experiments.filter(({ state }) => !isTerminal(state)).length);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

// Nodes that are worth a look: those in use, and for a while those that were.

export interface NodesInUse {
  /** A node is in use now. */
  mark(node: string): void;
  /** Nodes to look at, those marked first before the others. */
  list(): readonly string[];
  /** A node was looked at, or did not answer. Only a look that got an answer brings it nearer to being forgotten. */
  looked(node: string, answered: boolean): void;
}

interface RemainingLooks {
  looks: number;
  tries: number;
}

/**
 * @param looksMax - Looks at a node after its last use.
 * @param triesMax - Looks in a row that find nobody, after which a node counts as taken away.
 */
export function createNodesInUse(looksMax: number, triesMax: number): NodesInUse {
  const remaining = new Map<string, RemainingLooks>();
  return {
    mark: (node) => void remaining.set(node, { looks: looksMax, tries: triesMax }),
    list: () => [...remaining.keys()],
    looked(node, answered) {
      const mine = remaining.get(node);
      if (mine === undefined) return;
      if (answered) {
        mine.looks -= 1;
        mine.tries = triesMax;
      } else mine.tries -= 1;
      if (mine.looks <= 0 || mine.tries <= 0) remaining.delete(node);
    },
  };
}

// Telling a lease that is in use from one whose holder is gone.
//
// A lease names no end, because clocks of hosts differ. Instead each controller watches it with its own
// monotonic clock: a token that has not changed for the length of a lease was left behind. A holder that only
// was slow loses it too, and then cannot write.

export interface LeaseWatch {
  /** Notes the token of a lease that someone else holds. @returns Milliseconds until it counts as left behind. */
  observe(id: string, token: number): number;
  /** @returns The token of a lease that was watched for long enough; undefined otherwise. */
  abandonedToken(id: string): number | undefined;
  forget(id: string): void;
}

/** @param leaseMs - How long a token may stay unchanged. */
export function createLeaseWatch(clock: Clock, leaseMs: number): LeaseWatch {
  const seen = new Map<string, { readonly token: number; readonly sinceMs: number }>();
  return {
    observe: (id, token) => {
      const known = seen.get(id);
      if (known?.token !== token) {
        seen.set(id, { token, sinceMs: clock.monotonic() });
        return leaseMs;
      }
      return Math.max(0, known.sinceMs + leaseMs - clock.monotonic());
    },
    abandonedToken: (id) => {
      const known = seen.get(id);
      return known !== undefined && clock.monotonic() - known.sinceMs >= leaseMs ? known.token : undefined;
    },
    forget: (id) => {
      seen.delete(id);
    },
  };
}
