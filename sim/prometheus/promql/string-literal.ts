/** Quoted strings of PromQL, with Go's escapes. */
import { bytesOf, textOfBytes } from "../labels/index.js";

/**
 * The text a literal stands for.
 *
 * @param source - With its quotes: double, single or back quotes (raw).
 * @returns Undefined when an escape is not valid.
 */
export function unquote(source: string): string | undefined {
  const quote = source[0] ?? "";
  if (source.length < 2 || !source.endsWith(quote)) return undefined;
  const inner = source.slice(1, -1);
  if (quote === "`") return inner;
  if (!inner.includes("\\")) return inner.includes("\n") ? undefined : inner;
  return unescape(inner, quote);
}

const SHORT: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]?))/g;

function unescape(inner: string, quote: string): string | undefined {
  let valid = true;
  // \x and octal escapes are bytes: several in a row can be one character of UTF-8.
  const bytes: number[] = [];
  let from = 0;
  const plain = (text: string): void => {
    for (const byte of bytesOf(text)) bytes.push(byte);
  };
  for (const match of inner.matchAll(ESCAPE)) {
    plain(inner.slice(from, match.index));
    from = match.index + match[0].length;
    const [, hex, short, long, octal, letter = ""] = match;
    const code = hex ?? short ?? long;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined && Number.parseInt(octal, 8) < 256) bytes.push(Number.parseInt(octal, 8));
    else if (code !== undefined && isCodePoint(Number.parseInt(code, 16))) {
      plain(String.fromCodePoint(Number.parseInt(code, 16)));
    } else if (letter === quote) plain(quote);
    else if (SHORT[letter] !== undefined) plain(SHORT[letter]);
    else valid = false;
  }
  plain(inner.slice(from));
  return valid ? textOfBytes(Uint8Array.from(bytes)) : undefined;
}

function isCodePoint(code: number): boolean {
  return code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff);
}
