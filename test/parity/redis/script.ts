/**
 * A behaviour is a few commands in a row, on up to three connections. Each line is
 * `[connection][marks]> command words`, or only the words for connection `a`:
 *
 * - `b> GET k` runs on connection b;
 * - `b~> BLPOP q 0` is not waited for: its answer may come at any time later;
 * - `?> SMEMBERS s` compares the answer as a set; `#> TIME` compares only its type.
 *
 * A word in double quotes is read as JSON, so that "a b" is one word and "\u0000" a byte.
 */
export interface Behaviour {
  readonly feature: string;
  readonly name: string;
  readonly lines: readonly string[];
}

export interface Step {
  readonly connection: string;
  readonly words: readonly string[];
  readonly waits: boolean;
  readonly unordered: boolean;
  readonly masked: boolean;
}

export function readStep(line: string): Step {
  const parts = /^(?:([a-c]?)([~?#]*)> )?(.*)$/s.exec(line);
  const marks = parts?.[2] ?? "";
  const words = (parts?.[3] ?? "").match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  return {
    connection: parts?.[1] === undefined || parts[1] === "" ? "a" : parts[1],
    words: words.map((word) => (word.startsWith('"') ? String(JSON.parse(word)) : word)),
    waits: marks.includes("~"),
    unordered: marks.includes("?"),
    masked: marks.includes("#"),
  };
}
