/** Constants of templates. */
import { parseGoFloat, unquote } from "../../promql/index.js";
import type { TemplateToken } from "./lex-template.js";
import { GoInt, type Constant } from "./tree.js";

/** @returns Undefined when the text is no constant. */
export function readConstant({ kind, text }: TemplateToken): Constant | undefined {
  if (kind === "bool") return text === "true";
  if (kind === "string") return unquote(text);
  if (kind === "char") {
    const character = unquote(text);
    return character === undefined || Array.from(character).length !== 1
      ? undefined
      : new GoInt(character.codePointAt(0) as number);
  }
  return readNumber(text);
}

function readNumber(text: string): Constant | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  if (/^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(digits)) return new GoInt(sign * Number(digits));
  // A leading zero means base eight.
  if (/^0\d+$/.test(digits))
    return /^[0-7]+$/.test(digits) ? new GoInt(sign * Number.parseInt(digits, 8)) : undefined;
  if (/^\d+$/.test(digits)) return new GoInt(sign * Number(digits));
  const value = parseGoFloat(digits);
  return value === undefined ? undefined : sign * value;
}
