/** Statements without expressions: transactions, settings, notifications, table locks. */
import { SimError } from "../../../errors.js";
import { syntaxError, type Token } from "./lexer.js";

export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

export interface TransactionModes {
  readonly isolation?: IsolationLevel;
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

type TableLockMode =
  | "access share"
  | "row share"
  | "row exclusive"
  | "share update exclusive"
  | "share"
  | "share row exclusive"
  | "exclusive"
  | "access exclusive";

export type UtilityStatement =
  | { readonly kind: "begin"; readonly start: boolean; readonly modes: TransactionModes }
  | { readonly kind: "commit" | "rollback"; readonly chain: boolean }
  | { readonly kind: "savepoint" | "release" | "rollback to"; readonly name: string }
  | { readonly kind: "set transaction"; readonly session: boolean; readonly modes: TransactionModes }
  | { readonly kind: "set"; readonly local: boolean; readonly name: string; readonly value: string | null }
  | { readonly kind: "reset"; readonly name: string }
  | { readonly kind: "show"; readonly name: string }
  | { readonly kind: "listen" | "unlisten"; readonly channel: string }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string }
  | {
      readonly kind: "lock";
      readonly tables: readonly string[];
      readonly mode: TableLockMode;
      readonly nowait: boolean;
    }
  | { readonly kind: "discard"; readonly what: string }
  | { readonly kind: "deallocate"; readonly name: string | null };

const lockModes: readonly TableLockMode[] = [
  "access share",
  "row share",
  "row exclusive",
  "share update exclusive",
  "share row exclusive",
  "share",
  "exclusive",
  "access exclusive",
];

/** Reads tokens from left to right. */
interface Reader {
  peek(): Token | undefined;
  /** Eats the words if they come next. */
  words(...texts: string[]): boolean;
  symbol(text: string): boolean;
  name(): string;
  end(): void;
  fail(): never;
}

function createReader(source: string, tokens: readonly Token[]): Reader {
  let at = 0;
  const reader: Reader = {
    peek: () => tokens[at],
    words(...texts) {
      const matches = texts.every(
        (text, index) => tokens[at + index]?.kind === "word" && tokens[at + index]?.text === text,
      );
      if (matches) at += texts.length;
      return matches;
    },
    symbol(text) {
      const found = tokens[at]?.kind === "operator" && tokens[at]?.text === text;
      if (found) at += 1;
      return found;
    },
    name() {
      const token = tokens[at];
      if (token === undefined || token.kind === "operator") return reader.fail();
      at += 1;
      return token.text;
    },
    end() {
      if (at < tokens.length) reader.fail();
    },
    fail() {
      throw syntaxError(source, tokens[at]?.start ?? source.length);
    },
  };
  return reader;
}

function readModes(reader: Reader): TransactionModes {
  const modes: { isolation?: IsolationLevel; readOnly?: boolean; deferrable?: boolean } = {};
  for (;;) {
    if (reader.words("isolation", "level")) modes.isolation = readLevel(reader);
    else if (reader.words("read", "only")) modes.readOnly = true;
    else if (reader.words("read", "write")) modes.readOnly = false;
    else if (reader.words("not", "deferrable")) modes.deferrable = false;
    else if (reader.words("deferrable")) modes.deferrable = true;
    else if (!reader.symbol(",")) {
      reader.end();
      return modes;
    }
  }
}

function readLevel(reader: Reader): IsolationLevel {
  if (reader.words("read", "committed")) return "read committed";
  if (reader.words("read", "uncommitted")) return "read uncommitted";
  if (reader.words("repeatable", "read")) return "repeatable read";
  if (reader.words("serializable")) return "serializable";
  return reader.fail();
}

function readEnd(reader: Reader, kind: "commit" | "rollback"): UtilityStatement {
  if (!reader.words("transaction")) reader.words("work");
  if (kind === "rollback" && reader.words("to")) {
    reader.words("savepoint");
    return { kind: "rollback to", name: reader.name() };
  }
  if (reader.words("prepared") || reader.words("and", "chain")) {
    throw unsupported(`${kind.toUpperCase()} PREPARED and AND CHAIN`);
  }
  reader.words("and", "no", "chain");
  return { kind, chain: false };
}

function unsupported(what: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `The simulated PostgreSQL does not support ${what}.`,
    "Rewrite the statement, or run this test against a real server.",
  );
}

function readSet(reader: Reader): UtilityStatement {
  if (reader.words("session", "characteristics", "as", "transaction")) {
    return { kind: "set transaction", session: true, modes: readModes(reader) };
  }
  if (reader.words("transaction"))
    return { kind: "set transaction", session: false, modes: readModes(reader) };
  const local = reader.words("local");
  if (!local) reader.words("session");
  if (reader.words("time", "zone")) return { kind: "set", local, name: "timezone", value: readValue(reader) };
  if (reader.words("names")) return { kind: "set", local, name: "client_encoding", value: readValue(reader) };
  let name = reader.name();
  while (reader.symbol(".")) name += `.${reader.name()}`;
  if (!reader.words("to") && !reader.symbol("=")) reader.fail();
  return { kind: "set", local, name, value: readValue(reader) };
}

function readValue(reader: Reader): string | null {
  if (reader.words("default")) return null;
  const parts: string[] = [];
  do {
    const sign = reader.symbol("-") ? "-" : "";
    parts.push(sign + reader.name());
  } while (reader.symbol(","));
  return parts.join(", ");
}

function readLock(reader: Reader): UtilityStatement {
  reader.words("table");
  const tables: string[] = [];
  do {
    reader.words("only");
    let name = reader.name();
    if (reader.symbol(".")) name = reader.name();
    tables.push(name);
  } while (reader.symbol(","));
  let mode: TableLockMode = "access exclusive";
  if (reader.words("in")) {
    const found = lockModes.find((candidate) => reader.words(...candidate.split(" ")));
    if (found === undefined || !reader.words("mode")) return reader.fail();
    mode = found;
  }
  return { kind: "lock", tables, mode, nowait: reader.words("nowait") };
}

function readShow(reader: Reader): UtilityStatement {
  if (reader.words("transaction", "isolation", "level"))
    return { kind: "show", name: "transaction_isolation" };
  if (reader.words("time", "zone")) return { kind: "show", name: "timezone" };
  let name = reader.name();
  while (reader.symbol(".")) name += `.${reader.name()}`;
  return { kind: "show", name };
}

function readStatement(reader: Reader): UtilityStatement | null {
  if (reader.words("begin")) {
    if (!reader.words("transaction")) reader.words("work");
    return { kind: "begin", start: false, modes: readModes(reader) };
  }
  if (reader.words("start", "transaction")) return { kind: "begin", start: true, modes: readModes(reader) };
  if (reader.words("commit") || reader.words("end")) return readEnd(reader, "commit");
  if (reader.words("rollback") || reader.words("abort")) return readEnd(reader, "rollback");
  if (reader.words("savepoint")) return { kind: "savepoint", name: reader.name() };
  if (reader.words("release")) {
    reader.words("savepoint");
    return { kind: "release", name: reader.name() };
  }
  if (reader.words("set")) return readSet(reader);
  if (reader.words("reset")) return { kind: "reset", name: reader.name() };
  if (reader.words("show")) return readShow(reader);
  if (reader.words("listen")) return { kind: "listen", channel: reader.name() };
  if (reader.words("unlisten"))
    return { kind: "unlisten", channel: reader.symbol("*") ? "*" : reader.name() };
  if (reader.words("notify")) {
    const channel = reader.name();
    return { kind: "notify", channel, payload: reader.symbol(",") ? reader.name() : "" };
  }
  if (reader.words("lock")) return readLock(reader);
  if (reader.words("discard")) return { kind: "discard", what: reader.name() };
  if (reader.words("deallocate")) {
    reader.words("prepare");
    return { kind: "deallocate", name: reader.words("all") ? null : reader.name() };
  }
  if (reader.words("prepare") || reader.words("execute")) throw unsupported("PREPARE and EXECUTE as SQL");
  return null;
}

/** @returns The statement, or null when it is none of this kind. @throws DatabaseError 42601 */
export function parseUtility(source: string, tokens: readonly Token[]): UtilityStatement | null {
  const reader = createReader(source, tokens);
  const statement = readStatement(reader);
  if (statement !== null) reader.end();
  return statement;
}
