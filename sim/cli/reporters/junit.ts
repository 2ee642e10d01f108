/**
 * JUnit XML, as Jenkins, GitLab and others read it. It is valid under both schemas in use, that of Ant (which wants all
 * attributes and elements that are written here) and that of the xUnit plugin of Jenkins.
 */
import { hostname } from "node:os";
import { stripVTControlCharacters } from "node:util";

import { createOutcomes, type Outcome, type Suite } from "./outcome.js";
import type { Reporter, ReporterOutput } from "./reporter.js";

export function junitReporter({ out }: ReporterOutput): Reporter {
  const outcomes = createOutcomes();
  const startedAt = new Date();
  return {
    report(event) {
      outcomes.add(event);
      if (event.type === "end") out(formatJunit(outcomes.suites(), startedAt));
    },
  };
}

function formatJunit(suites: readonly Suite[], startedAt: Date): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    ...suites.flatMap((suite, id) => formatSuite(suite, id, startedAt)),
    "</testsuites>",
  ].join("\n");
}

function formatSuite({ name, outcomes }: Suite, id: number, startedAt: Date): readonly string[] {
  const count = (state: Outcome["state"]): number =>
    outcomes.filter((outcome) => outcome.state === state).length;
  const attributes = {
    name,
    id,
    package: "phoenix-sim",
    // The schema of Ant allows neither fractions nor a time zone.
    timestamp: startedAt.toISOString().slice(0, 19),
    hostname: hostname() || "localhost",
    tests: outcomes.length,
    failures: count("failed"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds(outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0)),
  };
  return [
    `  <testsuite${formatAttributes(attributes)}>`,
    "    <properties/>",
    ...outcomes.flatMap(formatOutcome),
    "    <system-out/>",
    "    <system-err/>",
    "  </testsuite>",
  ];
}

const elements = { failed: "failure", error: "error", skipped: "skipped" } as const;

function formatOutcome({ name, scenario, seconds: time, state, problem }: Outcome): readonly string[] {
  const start = `    <testcase${formatAttributes({ name, classname: scenario, time: seconds(time) })}`;
  if (state === "passed" || problem === undefined) return [`${start}/>`];
  const { type, message, details, source, again } = problem;
  const [first = ""] = message.split("\n");
  const element = elements[state];
  if (state === "skipped")
    return [`${start}>`, `      <skipped${formatAttributes({ message: first })}/>`, "    </testcase>"];
  const text = [
    message,
    ...details,
    ...(source === undefined ? [] : [`Source: ${source}`]),
    ...(again === undefined ? [] : [`Again: ${again}`]),
  ].join("\n");
  return [
    `${start}>`,
    `      <${element}${formatAttributes({ message: first, type })}>${escapeXml(text)}</${element}>`,
    "    </testcase>",
  ];
}

function formatAttributes(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

function seconds(value: number): string {
  return value.toFixed(3);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** Whatever XML 1.0 does not allow, escaped or not: control characters, halves of pairs, and two that are none. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const notInXml = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;

function escapeXml(text: string): string {
  return stripVTControlCharacters(text)
    .replace(notInXml, "\uFFFD")
    .replace(/[&<>"\r]/g, (letter) => entities[letter] ?? letter);
}
