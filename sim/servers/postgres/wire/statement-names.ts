/**
 * Names what a client sends over PostgreSQL's protocol by its statement, for the steps of a run: reads the texts of
 * Query and Parse, and remembers those that were prepared under a name.
 */

/** What a piece of a client's bytes is about. */
export interface NamedBytes {
  /** The same for every value: literals are left out. */
  readonly label: string;
  /** As the client wrote it, on one line. */
  readonly text: string;
}

const labelMax = 120;
const textMax = 160;
/** A longer text is not looked at. */
const bodyMax = 100_000;

/** @returns What names the next bytes of one connection, from its first byte on; each piece in order. */
export function createStatementNamer(): (bytes: Uint8Array) => NamedBytes {
  const prepared = new Map<string, string>();
  let current: NamedBytes = { label: "sql/startup", text: "the start of a session" };
  let rest: Uint8Array = new Uint8Array(0);
  let starting = true;

  function take(type: string, body: Uint8Array): void {
    if (type === "Q") current = named(stringAt(body, 0));
    else if (type === "P") {
      const name = stringAt(body, 0);
      const text = stringAt(body, Buffer.byteLength(name) + 1);
      prepared.set(name, text);
      current = named(text);
    } else if (type === "B") {
      const statement = stringAt(body, Buffer.byteLength(stringAt(body, 0)) + 1);
      const text = prepared.get(statement);
      if (text !== undefined) current = named(text);
    } else if (type === "X") current = { label: "sql/terminate", text: "the end of a session" };
  }

  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      const header = starting ? 0 : 1;
      if (rest.length < header + 4) return current;
      const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
      const length = view.getInt32(header);
      // Noise: the server answers it, and closes.
      if (length < 4) {
        rest = new Uint8Array(0);
        return current;
      }
      if (rest.length < header + length) return current;
      const body = rest.subarray(header + 4, header + length);
      if (!starting && body.length <= bodyMax) take(String.fromCharCode(rest[0] ?? 0), body);
      // A request for encryption is answered by one letter, and followed by the start proper.
      else if (starting) starting = length === 8;
      rest = rest.subarray(header + length);
    }
  };
}

function named(statement: string): NamedBytes {
  const text = statement
    .replaceAll(/\s+/g, " ")
    .replace(/[\s;]+$/, "")
    .trim();
  const label = text.replaceAll(/'(?:[^']|'')*'/g, "?").replaceAll(/\b\d[\d.]*\b(?<!\$\d+)/g, "?");
  return { label: `sql/${cut(label, labelMax)}`, text: cut(text, textMax) };
}

// Of several statements in one text the last says most.
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const endLength = lengthMax >> 2;
  return `${text.slice(0, lengthMax - endLength - 5)} ... ${text.slice(-endLength)}`;
}

function stringAt(body: Uint8Array, start: number): string {
  const end = body.indexOf(0, start);
  return Buffer.from(body.subarray(start, end < 0 ? body.length : end)).toString("utf8");
}
