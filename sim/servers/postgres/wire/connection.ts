/**
 * The server's end of one connection that speaks PostgreSQL's protocol, version 3: bytes in, bytes out.
 *
 * What carries the bytes is not its business, see stream.ts for the shortest way.
 */
import { DatabaseError } from "../database-error.js";
import { unsupported, type Outcome, type Plan, type Run } from "../execute/execution-context.js";
import { bindValue } from "../session/results.js";
import type { ServerSession, SessionEvents } from "../session/session-state.js";
import type { ParsedStatement } from "../sql/parse.js";
import { receiveBinary } from "../types/binary.js";
import { types } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import * as encode from "./encode.js";

// Parameters as they come over the wire.

function readParameter(body: MessageReader, type: PgType, format = 0): Value {
  const length = body.int32();
  if (length < 0) return null;
  const bytes = body.bytes(length);
  if (format === 0) return bindValue(Buffer.from(bytes).toString("utf8"), type);
  return receiveBinary(bytes, type);
}

// Cuts the bytes of a client into messages, and reads their parts.

interface ClientMessage {
  /** Letter of the message; empty for the first one, which has none. */
  readonly type: string;
  readonly body: MessageReader;
}

interface MessageReader {
  byte(): number;
  int16(): number;
  int32(): number;
  string(): string;
  bytes(length: number): Uint8Array;
  readonly isAtEnd: boolean;
}

const decoder = new TextDecoder();

/** @throws DatabaseError 08P01 past the end. */
function createReader(body: Uint8Array): MessageReader {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let at = 0;
  const take = (count: number): number => {
    const start = at;
    if (start + count > body.length) throw new DatabaseError("08P01", "insufficient data left in message");
    at += count;
    return start;
  };
  return {
    byte: () => view.getUint8(take(1)),
    int16: () => view.getInt16(take(2)),
    int32: () => view.getInt32(take(4)),
    string() {
      const end = body.indexOf(0, at);
      if (end < 0) throw new DatabaseError("08P01", "invalid string in message");
      const text = decoder.decode(body.subarray(at, end));
      at = end + 1;
      return text;
    },
    bytes(length) {
      const start = take(length);
      return body.subarray(start, start + length);
    },
    get isAtEnd() {
      return at >= body.length;
    },
  };
}

/** Longest message taken; a length beyond it is noise rather than a message. */
const lengthMax = 2 ** 28;

interface MessageSplitter {
  /** @returns The messages that are complete now. @throws DatabaseError 08P01 for bytes that are no protocol. */
  push(bytes: Uint8Array): ClientMessage[];
  /** The next message has no letter, as before the start. */
  expectStartup(): void;
}

function createSplitter(): MessageSplitter {
  let rest: Uint8Array = new Uint8Array(0);
  let startup = true;
  return {
    expectStartup() {
      startup = true;
    },
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const found: ClientMessage[] = [];
      for (;;) {
        const header = startup ? 0 : 1;
        if (rest.length < header + 4) return found;
        const length = new DataView(rest.buffer, rest.byteOffset).getInt32(header);
        if (length < 4 || length > lengthMax)
          throw new DatabaseError("08P01", "invalid message length", {}, "FATAL");
        if (rest.length < header + length) return found;
        const type = startup ? "" : String.fromCharCode(rest[0] ?? 0);
        found.push({ type, body: createReader(rest.subarray(header + 4, header + length)) });
        rest = rest.subarray(header + length);
        startup = false;
      }
    },
  };
}

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
const protocolVersion = 196_608;
const reported = [
  "server_version",
  "server_encoding",
  "client_encoding",
  "application_name",
  "datestyle",
  "intervalstyle",
  "timezone",
  "integer_datetimes",
  "standard_conforming_strings",
  "default_transaction_read_only",
] as const;
const shownNames: Readonly<Record<string, string>> = {
  datestyle: "DateStyle",
  timezone: "TimeZone",
  intervalstyle: "IntervalStyle",
};

/** Settings of a startup packet: those named in it, and those in its `options`, as on the server's command line. */
function startupSettings(options: ReadonlyMap<string, string>): Array<readonly [string, string]> {
  const own = new Set(["user", "database", "options", "replication"]);
  const line = (options.get("options") ?? "").match(/(?:\\.|[^\s\\])+/g) ?? [];
  const words = line.map((word) => word.replaceAll(/\\(.)/g, "$1"));
  const given = words.flatMap((word, index) => {
    if (word === "-c") return [words[index + 1] ?? ""];
    const match = /^(?:-c|--)(.+=.*)$/s.exec(word);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  const pairs = given.map((text): readonly [string, string] => {
    const at = text.indexOf("=");
    return [text.slice(0, at).replaceAll("-", "_").toLowerCase(), text.slice(at + 1)];
  });
  const named = Array.from(options, ([name, value]): readonly [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  return [...named.filter(([name]) => !own.has(name) && !name.startsWith("_pq_.")), ...pairs];
}

export function createWireConnection(host: WireHost, end: WireEnd): WireConnection {
  const splitter = createSplitter();
  const statements = new Map<string, Prepared>();
  const portals = new Map<string, Portal>();
  let session: ServerSession | null = null;
  /** After an error, everything up to the next Sync is dropped. */
  let skipping = false;
  let isClosed = false;

  const send = (bytes: Uint8Array): void => {
    if (!isClosed) end.send(bytes);
  };
  const close = (): void => {
    if (isClosed) return;
    end.close();
    isClosed = true;
  };

  const events: SessionEvents = {
    onNotice: (notice) => send(encode.noticeResponse(notice)),
    onNotification: (channel, payload, pid) => send(encode.notificationResponse(channel, payload, pid)),
    onTerminated(error) {
      send(encode.errorResponse(error));
      close();
    },
  };

  const start = (body: MessageReader): void => {
    const code = body.int32();
    if (code === sslRequest || code === gssRequest) {
      send(Uint8Array.of("N".charCodeAt(0)));
      splitter.expectStartup();
      return;
    }
    if (code === cancelRequest) {
      host.cancel(body.int32(), body.int32());
      close();
      return;
    }
    if (code !== protocolVersion) {
      throw new DatabaseError(
        "0A000",
        `unsupported frontend protocol ${code >> 16}.${code & 0xffff}: server supports 3.0 to 3.0`,
        {},
        "FATAL",
      );
    }
    const options = new Map<string, string>();
    for (let name = body.string(); name !== ""; name = body.string()) options.set(name, body.string());
    const user = options.get("user") ?? "postgres";
    const database = options.get("database") ?? user;
    const opened = host.open(user, database, startupSettings(options), events);
    session = opened;
    send(encode.createMessage("R").int32(0).finish());
    for (const name of reported) {
      send(
        encode
          .createMessage("S")
          .string(shownNames[name] ?? name)
          .string(opened.state.settings.get(name) ?? "")
          .finish(),
      );
    }
    send(encode.createMessage("K").int32(opened.id).int32(host.secretOf(opened.id)).finish());
    send(encode.readyForQuery("I"));
  };

  const sendRows = (
    rows: readonly Row[],
    types: readonly PgType[],
    formats: readonly number[] = [],
  ): void => {
    for (const row of rows) send(encode.dataRow(row, types, formats));
  };

  function* simpleQuery(own: ServerSession, text: string): Run<void> {
    const parsed = host.parse(text);
    if (parsed.length === 0) send(encode.bare("I"));
    for (const statement of parsed) {
      if (statement.parameterCount > 0) throw new DatabaseError("42P02", "there is no parameter $1");
      const { columns, rows, tag } = yield* own.runStatement(statement, []);
      if (columns !== null) {
        send(encode.rowDescription(columns));
        sendRows(
          rows,
          columns.map((column) => column.type),
        );
      }
      send(encode.commandComplete(tag));
    }
    own.sync();
  }

  const parse = (own: ServerSession, body: MessageReader): void => {
    const name = body.string();
    const parsed = host.parse(body.string());
    if (parsed.length > 1)
      throw new DatabaseError("42601", "cannot insert multiple commands into a prepared statement");
    if (name !== "" && statements.has(name))
      throw new DatabaseError("42P05", `prepared statement "${name}" already exists`);
    const [first = null] = parsed;
    const declared = Array.from({ length: body.int16() }, () => declaredType(body.int32()));
    const isDeclared = first !== null && declared.some((type) => type !== undefined);
    const statement: ParsedStatement | null = isDeclared ? { ...first, parameterTypes: declared } : first;
    const plan = statement === null || !own.isPlanned(statement) ? null : own.plan(statement);
    statements.set(name, { statement, plan });
    send(encode.bare("1"));
  };

  const bind = (own: ServerSession, body: MessageReader): void => {
    const portal = body.string();
    const name = body.string();
    const prepared = statements.get(name);
    if (prepared === undefined)
      throw new DatabaseError("26000", `prepared statement "${name}" does not exist`);
    const formats = Array.from({ length: body.int16() }, () => body.int16());
    const types = prepared.plan?.parameterTypes ?? [];
    const count = body.int16();
    if (count !== types.length) {
      throw new DatabaseError(
        "08P01",
        `bind message supplies ${count} parameters, but prepared statement "${name}" requires ${types.length}`,
      );
    }
    own.requireUsable(prepared.statement);
    const parameters = types.map((type, index) =>
      readParameter(body, type, formats.length === 1 ? formats[0] : formats[index]),
    );
    const resultFormats = Array.from({ length: body.int16() }, () => body.int16());
    // A schema change since Parse asks for a new plan.
    const plan = prepared.statement === null || prepared.plan === null ? null : own.plan(prepared.statement);
    if (name !== "" && !sameColumns(plan, prepared.plan)) {
      throw new DatabaseError("0A000", "cached plan must not change result type");
    }
    portals.set(portal, { ...prepared, plan, parameters, formats: resultFormats, outcome: null, sent: 0 });
    send(encode.bare("2"));
  };

  const describe = (body: MessageReader): void => {
    const isStatement = body.byte() === "S".charCodeAt(0);
    const name = body.string();
    const found = isStatement ? statements.get(name) : portals.get(name);
    if (found === undefined) {
      throw new DatabaseError(
        isStatement ? "26000" : "34000",
        `${isStatement ? "prepared statement" : "portal"} "${name}" does not exist`,
      );
    }
    if (isStatement) send(encode.parameterDescription(found.plan?.parameterTypes ?? []));
    const columns = found.plan?.columns ?? session?.describeUtility(found.statement) ?? null;
    const formats = "formats" in found ? (found as Portal).formats : [];
    send(columns === null ? encode.bare("n") : encode.rowDescription(columns, formats));
  };

  function* execute(own: ServerSession, body: MessageReader): Run<void> {
    const name = body.string();
    const limit = body.int32();
    const portal = portals.get(name);
    if (portal === undefined) throw new DatabaseError("34000", `portal "${name}" does not exist`);
    if (portal.statement === null) {
      send(encode.bare("I"));
      return;
    }
    portal.outcome ??= yield* own.runStatement(portal.statement, portal.parameters);
    const { columns, rows, tag } = portal.outcome;
    const until = limit > 0 ? portal.sent + limit : rows.length;
    sendRows(
      rows.slice(portal.sent, until),
      (columns ?? []).map((column) => column.type),
      portal.formats,
    );
    portal.sent = until;
    send(until < rows.length ? encode.bare("s") : encode.commandComplete(tag));
  }

  const closeNamed = (body: MessageReader): void => {
    const list: Map<string, unknown> = body.byte() === "S".charCodeAt(0) ? statements : portals;
    list.delete(body.string());
    send(encode.bare("3"));
  };

  function* handle(own: ServerSession, { type, body }: ClientMessage): Run<void> {
    switch (type) {
      case "Q":
        statements.delete("");
        yield* simpleQuery(own, body.string());
        return;
      case "P":
        parse(own, body);
        return;
      case "B":
        bind(own, body);
        return;
      case "D":
        describe(body);
        return;
      case "E":
        yield* execute(own, body);
        return;
      case "C":
        closeNamed(body);
        return;
      case "S":
        own.sync();
        return;
      case "H":
        return;
      default:
        throw unsupported(`the protocol message ${JSON.stringify(type)}`);
    }
  }

  const accept = (message: ClientMessage): void => {
    const own = session;
    if (own === null) {
      start(message.body);
      return;
    }
    if (message.type === "X") {
      own.end();
      close();
      return;
    }
    const task = function* (): Run<void> {
      if (!skipping || message.type === "S") yield* handle(own, message);
    };
    own.perform(task, (error) => {
      if (own.isEnded) return;
      if (error !== null) {
        send(encode.errorResponse(error));
        skipping = message.type !== "Q" && message.type !== "S";
      }
      if (message.type === "S") skipping = false;
      if (message.type === "Q" || message.type === "S") {
        portals.clear();
        send(encode.readyForQuery(own.status()));
      }
    });
  };

  return {
    receive(bytes) {
      try {
        for (const message of splitter.push(bytes)) if (!isClosed) accept(message);
      } catch (error) {
        send(encode.errorResponse(error));
        session?.end();
        close();
      }
    },
    closed() {
      isClosed = true;
      session?.end();
    },
  };
}

// What a connection of the wire protocol stands between: a carrier of bytes and a server.

export interface WireEnd {
  /** Takes bytes to the client. */
  send(bytes: Uint8Array): void;
  /** Closes the connection from the server's side, after what was sent. */
  close(): void;
}

export interface WireHost {
  open(
    user: string,
    database: string,
    settings: ReadonlyArray<readonly [string, string]>,
    events: SessionEvents,
  ): ServerSession;
  parse(text: string): readonly ParsedStatement[];
  cancel(pid: number, secret: number): void;
  secretOf(pid: number): number;
}

export interface WireConnection {
  receive(bytes: Uint8Array): void;
  /** The client is gone. */
  closed(): void;
}

/** The type that a client says a parameter has; none for 0 and for what is known by its text alone. */
function declaredType(oid: number): PgType | undefined {
  if (oid === 0 || oid === 705) return undefined;
  const found = Object.values(types).find((type) => type.oid === oid);
  if (found !== undefined) return found;
  const element = Object.values(types).find((type) => type.arrayOid === oid);
  if (element === undefined) throw unsupported(`parameters of the type with the OID ${oid}`);
  return arrayOf(element);
}

function sameColumns(a: Plan | null, b: Plan | null): boolean {
  if (a?.columns == null || b?.columns == null) return a?.columns === b?.columns;
  const others = b.columns;
  return (
    a.columns.length === others.length &&
    a.columns.every(
      ({ name, type }, index) => name === others[index]?.name && type.oid === others[index]?.type.oid,
    )
  );
}

interface Prepared {
  /** Null for an empty text. */
  readonly statement: ParsedStatement | null;
  readonly plan: Plan | null;
}

interface Portal extends Prepared {
  readonly parameters: readonly Value[];
  /** 1 for a column in binary; one for all of them, or one each. */
  readonly formats: readonly number[];
  outcome: Outcome | null;
  /** Rows already sent. */
  sent: number;
}
