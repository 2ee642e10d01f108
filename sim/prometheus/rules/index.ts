/** Recording and alerting rules. */
export type { Alert } from "./alert-state.js";
export { createGroupEvaluator, type GroupEvaluator, type RuleState } from "./group-evaluator.js";
export {
  parseRuleFile,
  readRuleFile,
  type Rule,
  type RuleFile,
  type RuleFileOptions,
  type RuleFileReading,
  type RuleGroup,
} from "./rule-file.js";
export { createRuleManager, type RuleManager } from "./rule-manager.js";
export { expandAlertTemplate } from "./template/index.js";
