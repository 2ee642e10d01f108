/** The text form of arrays: `{1,NULL,"a b"}`. */
import { DatabaseError } from "../database-error.js";
import type { PgType } from "./type.js";
import type { Value } from "./value.js";

function malformed(text: string, detail?: string): DatabaseError {
  const fields = detail === undefined ? {} : { detail };
  return new DatabaseError("22P02", `malformed array literal: "${text}"`, fields);
}

/** @throws DatabaseError 22P02 when the text is no array. */
export function parseArrayText(text: string, element: PgType): Value {
  const source = text.trim();
  let at = 0;
  const items = (): Value[] => {
    const found: Value[] = [];
    at += 1;
    if (source[at] === "}") {
      at += 1;
      return found;
    }
    for (;;) {
      while (source[at] === " ") at += 1;
      if (source[at] === "{") found.push(items());
      else found.push(item());
      while (source[at] === " ") at += 1;
      const next = source[at];
      at += 1;
      if (next === "}") return found;
      if (next !== ",") throw malformed(text, "Unexpected end of input.");
    }
  };
  const item = (): Value => {
    let body = "";
    if (source[at] === '"') {
      at += 1;
      while (source[at] !== '"') {
        if (source[at] === "\\") at += 1;
        if (at >= source.length) throw malformed(text, "Unexpected end of input.");
        body += source[at];
        at += 1;
      }
      at += 1;
      return element.parse(body);
    }
    while (at < source.length && source[at] !== "," && source[at] !== "}") {
      if (source[at] === "\\") at += 1;
      body += source[at] ?? "";
      at += 1;
    }
    const trimmed = body.trim();
    if (trimmed === "") throw malformed(text, 'Unexpected "," character.');
    return /^null$/i.test(trimmed) ? null : element.parse(trimmed);
  };
  if (source[0] !== "{") {
    throw malformed(text, 'Array value must start with "{" or dimension information.');
  }
  const value = items();
  if (at < source.length) throw malformed(text, "Junk after closing right brace.");
  return value;
}

export function printArrayText(value: readonly Value[], element: PgType): string {
  const one = (item: Value): string => {
    if (item === null) return "NULL";
    if (Array.isArray(item)) return printArrayText(item as readonly Value[], element);
    const text = element.print(item);
    const plain = text !== "" && !/[{}",\\\s]/.test(text) && !/^null$/i.test(text);
    return plain ? text : `"${text.replace(/(["\\])/g, "\\$1")}"`;
  };
  return `{${value.map(one).join(",")}}`;
}
