/** The scenarios that `run --list` names. */
import stringWidth from "string-width";

import type { Scenario } from "../../scenarios/index.js";
import { version } from "../../version.js";
import type { Terminal } from "../terminal.js";
import { wrap } from "./text-table.js";

/** @returns A line for each, or one JSON document `{ version, scenarios: [{ name, summary, smoke, deadline? }] }`. */
export function formatScenarioList(
  scenarios: readonly Scenario[],
  { json = false }: { readonly json?: boolean },
  { width }: Pick<Terminal, "width">,
): string {
  if (json) {
    const list = scenarios.map(({ name, summary = "", smoke = false, deadline }) => ({
      name,
      summary,
      smoke,
      deadline,
    }));
    return JSON.stringify({ version, scenarios: list }, null, 2);
  }
  const longest = Math.max(...scenarios.map(({ name }) => stringWidth(name)));
  // So long a name that nothing fits beside it has a line of its own.
  const indent = Math.min(longest + 2, Math.floor(width / 2));
  return scenarios
    .map(({ name, summary = "" }) => {
      const spaces = " ".repeat(Math.max(2, indent - stringWidth(name)));
      return `${name}${spaces}${wrap(summary, width - indent, indent)}`.trimEnd();
    })
    .join("\n");
}
