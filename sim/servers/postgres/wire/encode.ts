/** Messages of the server in PostgreSQL's protocol, version 3. */
import type { OutputColumn } from "../execute/execution-context.js";
import { typeModifier } from "../session/results.js";
import type { Notice } from "../session/session-state.js";
import { sendBinary } from "../types/binary.js";
import type { PgType } from "../types/type.js";
import type { Row } from "../types/value.js";

const encoder = new TextEncoder();

/** Grows as it is written to; numbers are big-endian. */
export interface MessageWriter {
  byte(value: number): MessageWriter;
  int16(value: number): MessageWriter;
  int32(value: number): MessageWriter;
  /** Text with a zero behind it. */
  string(text: string): MessageWriter;
  bytes(bytes: Uint8Array): MessageWriter;
  /** The whole message with its type and length. */
  finish(): Uint8Array;
}

export function createMessage(type: string): MessageWriter {
  let buffer = new Uint8Array(64);
  let at = 5;
  buffer[0] = type.charCodeAt(0);
  const room = (count: number): void => {
    if (at + count <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, at + count));
    larger.set(buffer);
    buffer = larger;
  };
  const writer: MessageWriter = {
    byte(value) {
      room(1);
      buffer[at] = value;
      at += 1;
      return writer;
    },
    int16: (value) => writer.byte((value >> 8) & 255).byte(value & 255),
    int32: (value) => writer.int16(value >> 16).int16(value),
    string: (text) => writer.bytes(encoder.encode(text)).byte(0),
    bytes(bytes) {
      room(bytes.length);
      buffer.set(bytes, at);
      at += bytes.length;
      return writer;
    },
    finish() {
      new DataView(buffer.buffer).setInt32(1, at - 1);
      return buffer.subarray(0, at);
    },
  };
  return writer;
}

/** Formats of columns as a Bind message gives them: none is text for all, one is for all. */
type Formats = readonly number[];

const isBinary = (formats: Formats, index: number): boolean =>
  (formats.length === 1 ? formats[0] : formats[index]) === 1;

export function rowDescription(columns: readonly OutputColumn[], formats: Formats = []): Uint8Array {
  const message = createMessage("T").int16(columns.length);
  for (const [index, { name, type, tableId, column }] of columns.entries()) {
    message
      .string(name)
      .int32(tableId)
      .int16(column)
      .int32(type.oid)
      .int16(type.size)
      .int32(typeModifier(type))
      .int16(isBinary(formats, index) ? 1 : 0);
  }
  return message.finish();
}

export function dataRow(row: Row, types: readonly PgType[], formats: Formats = []): Uint8Array {
  const message = createMessage("D").int16(types.length);
  for (const [index, type] of types.entries()) {
    const value = row[index] ?? null;
    if (value === null) message.int32(-1);
    else {
      const bytes = isBinary(formats, index) ? sendBinary(value, type) : encoder.encode(type.print(value));
      message.int32(bytes.length).bytes(bytes);
    }
  }
  return message.finish();
}

export function parameterDescription(types: readonly PgType[]): Uint8Array {
  const message = createMessage("t").int16(types.length);
  for (const type of types) message.int32(type.oid);
  return message.finish();
}

const errorFieldCodes = {
  detail: "D",
  hint: "H",
  position: "P",
  where: "W",
  schema: "s",
  table: "t",
  column: "c",
  dataType: "d",
  constraint: "n",
} as const;

/** What an error says of itself, whether the server's own or the simulator's. */
export function errorResponse(error: unknown): Uint8Array {
  const source = error as Readonly<Record<string, unknown>>;
  const code =
    typeof source["code"] === "string" && /^[0-9A-Z]{5}$/.test(source["code"]) ? source["code"] : "0A000";
  const severity = typeof source["severity"] === "string" ? source["severity"] : "ERROR";
  const text = error instanceof Error ? error.message : String(error);
  const message = createMessage("E");
  const field = (kind: string, value: string): void => void message.byte(kind.charCodeAt(0)).string(value);
  field("S", severity);
  field("V", severity);
  field("C", code);
  field("M", text);
  for (const [name, kind] of Object.entries(errorFieldCodes)) {
    const value = source[name];
    if (typeof value === "string") field(kind, value);
  }
  return message.byte(0).finish();
}

export function noticeResponse({ severity, code, message: text }: Notice): Uint8Array {
  const message = createMessage("N");
  for (const [kind, value] of [
    ["S", severity],
    ["V", severity],
    ["C", code],
    ["M", text],
  ] as const) {
    message.byte(kind.charCodeAt(0)).string(value);
  }
  return message.byte(0).finish();
}

export function notificationResponse(channel: string, payload: string, pid: number): Uint8Array {
  return createMessage("A").int32(pid).string(channel).string(payload).finish();
}

/** A message without a body: `1` parsed, `2` bound, `3` closed, `n` no data, `s` suspended, `I` empty query. */
export function bare(type: "1" | "2" | "3" | "n" | "s" | "I"): Uint8Array {
  return createMessage(type).finish();
}

export function commandComplete(tag: string): Uint8Array {
  return createMessage("C").string(tag).finish();
}

export function readyForQuery(status: string): Uint8Array {
  return createMessage("Z").byte(status.charCodeAt(0)).finish();
}
