/** Evaluates every group at its own moment of its interval. */
import type { Clock, Logger } from "../../../src/ports/index.js";
import type { PrometheusConfig } from "../config/index.js";
import type { Engine } from "../promql/index.js";
import type { Storage } from "../storage/index.js";
import { createGroupEvaluator, type GroupEvaluator } from "./group-evaluator.js";

export interface RuleManagerOptions {
  readonly config: PrometheusConfig;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RuleManager {
  readonly groups: readonly GroupEvaluator[];
  /** Interval of a group in milliseconds. */
  intervalMs(group: GroupEvaluator): number;
  start(): void;
  stop(): void;
}

/** @returns A manager at rest. */
export function createRuleManager({
  config,
  engine,
  storage,
  clock,
  logger,
}: RuleManagerOptions): RuleManager {
  const groups = config.ruleGroups.map((group) =>
    createGroupEvaluator(group, { engine, storage, externalLabels: config.externalLabels, restore: true }),
  );
  const cancels = new Map<GroupEvaluator, () => void>();
  const intervalOf = ({ group }: GroupEvaluator): number => group.intervalMs ?? config.evaluationIntervalMs;

  function schedule(evaluator: GroupEvaluator, dueMs: number): void {
    const delayMs = Math.max(0, dueMs - clock.monotonic());
    const run = (): void => {
      evaluator.evaluate(Math.round(clock.now()));
      for (const { rule, health, lastError } of evaluator.rules) {
        if (health === "err") logger.warn("rule failed", { rule: rule.name, error: lastError });
      }
      schedule(evaluator, dueMs + intervalOf(evaluator));
    };
    cancels.set(evaluator, clock.setTimer(delayMs, "rules", run));
  }

  return {
    groups,
    intervalMs: intervalOf,
    start() {
      for (const evaluator of groups) {
        const intervalMs = intervalOf(evaluator);
        const { file, name } = evaluator.group;
        const offsetMs = hashText(`${file}\u0000${name}`) % intervalMs;
        const waitMs = (offsetMs - (clock.now() % intervalMs) + intervalMs) % intervalMs;
        schedule(evaluator, clock.monotonic() + waitMs);
      }
    },
    stop() {
      for (const cancel of cancels.values()) cancel();
      cancels.clear();
    },
  };
}

/** FNV-1a, so that a group keeps its moment from run to run. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
