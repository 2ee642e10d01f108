/** What the controller tells Prometheus. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { experimentStates, isTerminal, type Experiment, type ExperimentState } from "../model/index.js";

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
