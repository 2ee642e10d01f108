/** The outcome of rule tests, printed as promtool prints it, and as JUnit's XML. */
import type { PromtestReport } from "./run-promtest.js";

/** What promtool prints to stdout and to stderr about one file. */
export function formatPromtestReport({ file, failures, warnings }: PromtestReport): {
  readonly out: string;
  readonly err: string;
} {
  const warned = warnings.map((warning) => `  WARNING: ${warning}\n`).join("");
  const head = `Unit Testing:  ${file}\n`;
  if (failures.length === 0) return { out: `${head}  SUCCESS\n`, err: warned };
  return {
    out: head,
    err: `${warned}  FAILED:\n${failures.map((failure) => `    ${failure}\n`).join("\n")}`,
  };
}

/** One document about all files. */
export function junitXml(reports: readonly PromtestReport[]): string {
  return `<testsuites>${reports.map(suiteXml).join("")}</testsuites>`;
}

function suiteXml({ file, cases, error }: PromtestReport): string {
  const failures = cases.reduce((sum, one) => sum + one.failures.length, 0);
  const tests = error === undefined ? cases.length : 1;
  const body =
    error === undefined
      ? cases
          .map(({ name, failures: texts }) =>
            caseXml(
              name,
              texts.map((text) => element("failure", text)),
            ),
          )
          .join("")
      : caseXml("unknown", [element("error", error)]);
  const counts = `tests="${tests}" failures="${failures}" errors="${error === undefined ? 0 : 1}" skipped="0"`;
  return `<testsuite name="${escapeXml(file)}" ${counts}>${body}</testsuite>`;
}

function caseXml(name: string, inner: readonly string[]): string {
  return `<testcase name="${escapeXml(name)}">${inner.join("")}</testcase>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
    "\n": "&#xA;",
    "\t": "&#x9;",
    "\r": "&#xD;",
  };
  // XML has no other control characters.
  return text.replace(/[&<>"'\p{Cc}]/gu, (letter) => names[letter] ?? "\uFFFD");
}
