/** Recording and alerting rules. */

export {
  type Alert,
  createGroupEvaluator,
  type GroupEvaluator,
  type RuleState,
  createRuleManager,
  type RuleManager,
} from "./rule-manager.js";
export { readRuleFile, type RuleGroup } from "./rule-file.js";
export { expandAlertTemplate } from "./template/index.js";
