/** The verdicts over a history as text: alerts first, then what is worth a look, then what cannot be told yet. */
import { styleText } from "node:util";

import type { Verdict } from "../../history/index.js";

/** @param color - Whether escape codes may be used. */
export function formatVerdicts(verdicts: readonly Verdict[], color: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text) : text;
  const of = (outcome: Verdict["outcome"]): readonly Verdict[] =>
    verdicts.filter((verdict) => verdict.outcome === outcome);
  const line = ({ gate, subject, reason }: Verdict): string => `${gate}, ${subject}: ${reason}`;
  const alerts = of("alert");
  const holding = of("ok").length;
  return [
    ...alerts.map((verdict) => `${paint("red", "ALERT")} ${line(verdict)}`),
    ...of("note").map((verdict) => `${paint("yellow", "note")}  ${line(verdict)}`),
    ...notEnough(of("not-enough-runs")).map((text) => `${paint("gray", "wait")}  ${text}`),
    `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}, ${holding} ${holding === 1 ? "limit holds" : "limits hold"}.`,
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
