/** The verdicts over a history as text: alerts first, then what is worth a look, then what cannot be told yet. */
import { styleText } from "node:util";

import type { Verdict } from "../../history/index.js";
import type { Terminal } from "../terminal.js";
import { wrap } from "./text-table.js";

/** @returns Lines to print, joined; as wide as the terminal at most. */
export function formatVerdicts(
  verdicts: readonly Verdict[],
  { color, width }: Pick<Terminal, "color" | "width">,
): string {
  // Moved in by as much as the words "ALERT", "note" and "wait" take.
  const fitted = (text: string): string => wrap(text, width - 6, 6);
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text) : text;
  const of = (outcome: Verdict["outcome"]): readonly Verdict[] =>
    verdicts.filter((verdict) => verdict.outcome === outcome);
  const line = ({ gate, subject, reason }: Verdict): string => `${gate}, ${subject}: ${reason}`;
  const alerts = of("alert");
  const passed = of("ok").length;
  return [
    ...alerts.map((verdict) => `${paint("red", "ALERT")} ${fitted(line(verdict))}`),
    ...of("note").map((verdict) => `${paint("yellow", "note")}  ${fitted(line(verdict))}`),
    ...notEnough(of("not-enough-runs")).map((text) => `${paint("gray", "wait")}  ${fitted(text)}`),
    `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}, ${passed} ${passed === 1 ? "check" : "checks"} passed.`,
  ].join("\n");
}

// Eight scenarios with few runs are one piece of news, not eight.
function notEnough(verdicts: readonly Verdict[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { gate, subject, reason } of verdicts) {
    const news = `${gate}, not enough runs: ${reason}`;
    subjects.set(news, [...(subjects.get(news) ?? []), subject]);
  }
  return [...subjects].map(([news, names]) => `${news} (${names.join(", ")})`);
}
