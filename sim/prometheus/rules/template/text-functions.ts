/** Functions of templates that change texts. */
import { RE2JS } from "re2js";
import { expandTemplate } from "../../promql/index.js";
import { addressOf } from "./net-address.js";
import { TemplateError } from "./tree.js";

/** The first part of a host name, with its port. */
export function stripDomain(text: string): string {
  const { host, port } = addressOf(text) ?? { host: text, port: "" };
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(":")) return text;
  const short = host.split(".")[0] ?? "";
  return port === "" ? short : `${short}:${port}`;
}

/** @throws TemplateError for a pattern that is not RE2. */
export function compile(pattern: unknown): RE2JS {
  try {
    return RE2JS.compile(pattern as string);
  } catch (error) {
    throw new TemplateError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Go's `ReplaceAllString`: `$1`, `${1}` and `${name}` in the replacement. */
export function replaceAll(pattern: RE2JS, replacement: string, text: string): string {
  const matcher = pattern.matcher(text);
  const names = pattern.namedGroups();
  let result = "";
  let from = 0;
  while (matcher.find()) {
    const groups = Array.from(
      { length: matcher.groupCount() + 1 },
      (_, group) => matcher.group(group) ?? undefined,
    );
    result += text.slice(from, matcher.start()) + expandTemplate(replacement, groups, names);
    from = matcher.end();
  }
  return result + text.slice(from);
}

/** Go's `url.QueryEscape`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Go's `template.HTMLEscapeString`. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '"': "&#34;",
    "'": "&#39;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\0": "\uFFFD",
  };
  return text.replace(/["'&<>\0]/g, (letter) => names[letter] ?? "");
}

/** Go's `template.JSEscapeString`. */
export function escapeScript(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}]/gu, (letter) =>
    /[\\'"]/.test(letter)
      ? `\\${letter}`
      : `\\u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}
