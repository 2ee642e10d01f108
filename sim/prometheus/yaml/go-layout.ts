/**
 * Layout that Go's packages take and the parser here does not: quoted texts and flow collections may go on at any
 * column, and a comment may follow a quote at once. Lines keep their numbers.
 */

/** Deeper than any block around it. */
const DEEP = " ".repeat(200);
const BLOCK_SCALAR = /(?:^|[\s])[|>][-+\d]*[ \t]*(?:#.*)?$/;
/** What stands between the beginning of a line, or a separator, and a value. */
const PREFIXES = /(?:(?:-|\?)[ \t]+|[&!][^\s[\]{},]*[ \t]+)*$/;

/** @returns The same document for the parser here. */
export function goLayout(text: string): string {
  // Most documents have nothing of the kind.
  if (!/["'[{]/.test(text)) return text;
  const lines = text.split("\n");
  const state: State = { quote: "", depth: 0 };
  let blockIndent: number | undefined;
  return lines
    .map((line) => {
      const indent = line.length - line.trimStart().length;
      if (blockIndent !== undefined && (line.trim() === "" || indent > blockIndent)) return line;
      blockIndent = undefined;
      const inside = state.quote !== "" || state.depth > 0;
      const laid = scanLine(line, state);
      if (inside) return DEEP + laid.trimStart();
      if (state.quote === "" && state.depth === 0 && BLOCK_SCALAR.test(line)) blockIndent = keyColumn(line);
      return laid;
    })
    .join("\n");
}

interface State {
  /** The quote that is open, or empty. */
  quote: string;
  /** Flow collections that are open. */
  depth: number;
}

/** Column of the key or item of a line; what is deeper belongs to its value. */
function keyColumn(line: string): number {
  const lead = /^[ ]*(?:-[ ]+)*/.exec(line)?.[0] ?? "";
  // An item that is a block scalar itself goes by its dash.
  return /^[|>]/.test(line.slice(lead.length)) ? Math.max(-1, lead.trimEnd().length - 1) : lead.length;
}

function scanLine(line: string, state: State): string {
  let laid = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] as string;
    if (state.quote !== "") {
      const length = quotedLength(line, at, state.quote);
      const piece = line.slice(at, at + length);
      laid += piece === "\\'" ? "'" : piece;
      at += length - 1;
      if (piece !== state.quote) continue;
      state.quote = "";
      if (line[at + 1] === "#") laid += " ";
      continue;
    }
    if (letter === "#" && (at === 0 || /\s/.test(line[at - 1] ?? ""))) return laid + line.slice(at);
    laid += letter;
    if (/["'[{]/.test(letter) && beginsValue(line.slice(0, at), state.depth)) {
      if (letter === '"' || letter === "'") state.quote = letter;
      else state.depth += 1;
    } else if (state.depth > 0 && (letter === "]" || letter === "}")) state.depth -= 1;
  }
  return laid;
}

/** Characters of what comes next inside of quotes: an escape, or one. */
function quotedLength(line: string, at: number, quote: string): number {
  if (quote === '"') return line[at] === "\\" && at + 1 < line.length ? 2 : 1;
  return line.startsWith("''", at) ? 2 : 1;
}

function beginsValue(before: string, depth: number): boolean {
  const rest = before.replace(PREFIXES, "").trimEnd();
  if (rest === "") return true;
  return depth > 0 ? /[[{,:]$/.test(rest) : rest.endsWith(":") && /[ \t]$/.test(before);
}
