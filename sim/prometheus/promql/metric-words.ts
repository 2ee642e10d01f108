/**
 * Which words of a query name a metric. The server lets metrics be named like most keywords (`offset`, `sum`, `by`),
 * where only an operand can stand; the grammar package does not.
 */
import type { Token } from "./lexer.js";
import { AGGREGATORS } from "./signatures.js";

type Bracket = "operands" | "labels of operator" | "other";

const SET_OPERATORS = /^(?:and|or|unless|atan2)$/i;
const MATCHING = /^(?:on|ignoring|group_left|group_right|bool)$/i;
const FILL = /^fill(?:_left|_right)?$/i;
const NOT_NAMES = /^(?:inf|nan|atan2)$/i;

/** @returns Indexes of the tokens that are whole names of metrics. */
export function metricWords(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open: Bracket[] = [];
  let operandNext = true;
  tokens.forEach(({ kind, text }, index) => {
    const inside = open.at(-1);
    if (kind === "symbol" && /^[([{]$/.test(text)) {
      open.push(bracketKind(tokens, index, operandNext));
      operandNext = open.at(-1) === "operands";
    } else if (kind === "symbol" && /^[)\]}]$/.test(text)) {
      open.pop();
      operandNext = inside === "labels of operator";
    } else if (inside === "other" || inside === "labels of operator") return;
    else if (kind === "symbol") operandNext = text !== "@";
    else if (kind !== "identifier") operandNext = false;
    else if (!operandNext) operandNext = SET_OPERATORS.test(text);
    else if (!isMatchingWord(tokens, index)) {
      if (isMetric(tokens, index)) found.add(index);
      operandNext = false;
    }
  });
  return found;
}

function bracketKind(tokens: readonly Token[], index: number, operandNext: boolean): Bracket {
  if (tokens[index]?.text !== "(") return "other";
  const before = tokens[index - 1];
  const word = before?.kind === "identifier" ? before.text : "";
  if (operandNext && isMatchingWord(tokens, index - 1)) return "labels of operator";
  return /^(?:by|without)$/i.test(word) ? "other" : "operands";
}

function isMatchingWord(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== "identifier") return false;
  return MATCHING.test(token.text) || (FILL.test(token.text) && tokens[index + 1]?.text === "(");
}

function isMetric(tokens: readonly Token[], index: number): boolean {
  const [{ text }, next] = [tokens[index] as Token, tokens[index + 1]];
  if (next?.kind === "symbol" && next.text === "(") return false;
  const groups = next?.kind === "identifier" && /^(?:by|without)$/i.test(next.text);
  return !NOT_NAMES.test(text) && !(groups && AGGREGATORS.has(text.toLowerCase()));
}
