/**
 * The server's end of one connection that speaks PostgreSQL's protocol, version 3: bytes in, bytes out.
 *
 * What carries the bytes is not its business, see stream.ts for the shortest way.
 */
import { DatabaseError } from "../database-error.js";
import type { Run } from "../execute/plan.js";
import { unsupported } from "../execute/unsupported.js";
import type { ServerSession, SessionEvents } from "../session/session-types.js";
import type { PgType } from "../types/type.js";
import type { Row } from "../types/value.js";
import { type ClientMessage, createSplitter, type MessageReader } from "./decode.js";
import * as encode from "./encode.js";
import { type Portal, type Prepared, type WireConnection, type WireEnd, type WireHost } from "./host.js";
import { readParameter } from "./parameters.js";

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
    const opened = host.open(
      user,
      options.get("database") ?? user,
      options.get("application_name") ?? "",
      events,
    );
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

  const sendRows = (rows: readonly Row[], plan: readonly PgType[]): void => {
    for (const row of rows) send(encode.dataRow(row, plan));
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
    const statement = parsed[0] ?? null;
    const plan = statement === null || !own.isPlanned(statement) ? null : own.plan(statement);
    const count = body.int16();
    for (let index = 0; index < count; index += 1) {
      const oid = body.int32();
      const type = plan?.parameterTypes[index];
      if (oid !== 0 && type !== undefined && type.oid !== oid) {
        throw unsupported(`a parameter declared as type ${oid} where ${type.name} is expected`);
      }
    }
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
    if (resultFormats.includes(1)) throw unsupported("results in binary format");
    // A schema change since Parse asks for a new plan.
    const plan = prepared.statement === null || prepared.plan === null ? null : own.plan(prepared.statement);
    portals.set(portal, { ...prepared, plan, parameters, outcome: null, sent: 0 });
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
    send(columns === null ? encode.bare("n") : encode.rowDescription(columns));
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
