/** Splits an OTTL text into tokens. OTTL is the expression language of the OpenTelemetry Collector. */

export type Token =
  | { readonly type: "name" | "operator" | "end"; readonly text: string }
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "number"; readonly text: string; readonly value: number };

const tokenPattern =
  /\s+|([A-Za-z_][A-Za-z0-9_.]*)|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(==|!=|<=|>=|[<>()[\],])/y;

/** @throws OttlError when a character fits nowhere. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    tokenPattern.lastIndex = position;
    const match = tokenPattern.exec(text);
    if (match === null) throw new OttlError(`unexpected "${text.slice(position, position + 10)}"`, text);
    position = tokenPattern.lastIndex;
    const [, name, quoted, number, operator] = match;
    if (name !== undefined) tokens.push({ type: "name", text: name });
    else if (quoted !== undefined) tokens.push({ type: "string", text: unquote(quoted) });
    else if (number !== undefined) tokens.push({ type: "number", text: number, value: Number(number) });
    else if (operator !== undefined) tokens.push({ type: "operator", text: operator });
  }
  tokens.push({ type: "end", text: "end of text" });
  return tokens;
}

const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)/g, (_, character: string) => {
    if (character === "n") return "\n";
    return character === "t" ? "\t" : character;
  });

/** A text that is not OTTL, or uses a part of OTTL that is not simulated. */
export class OttlError extends Error {
  override readonly name = "OttlError";

  constructor(problem: string, text: string) {
    super(`${problem} in \`${text}\``);
  }
}
