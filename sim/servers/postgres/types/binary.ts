/** The binary form of values on the wire: what each type's send and receive functions write and read. */
import { DatabaseError } from "../database-error.js";
import { unsupported } from "../execute/execution-context.js";
import { canonicalJson, parseJson } from "./json.js";
import type { Numeric } from "./numeric.js";
import { dayMicros, type Interval } from "./temporal.js";
import type { PgType } from "./type.js";
import type { Registered, Value } from "./value.js";

/** Dates and moments count from 2000 there. */
const epochDays = 10_957;
const epochMicros = BigInt(epochDays) * BigInt(dayMicros);
const int64Max = 2n ** 63n - 1n;

interface Codec {
  send(value: Value): Uint8Array;
  receive(bytes: Buffer): Value;
}

/** A form of a fixed length. @throws DatabaseError 22P03 for another length */
function fixed<T extends Value>(
  size: number,
  write: (buffer: Buffer, value: T) => unknown,
  read: (buffer: Buffer) => T,
): Codec {
  return {
    send(value) {
      const buffer = Buffer.alloc(size);
      write(buffer, value as T);
      return buffer;
    },
    receive(bytes) {
      if (bytes.length === size) return read(bytes);
      throw new DatabaseError(
        bytes.length < size ? "08P01" : "22P03",
        bytes.length < size ? "insufficient data left in message" : "incorrect binary data format",
      );
    },
  };
}

/** @throws DatabaseError 22021 */
function readText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  if (!text.includes("\u0000") && !text.includes("\uFFFD")) return text;
  const wrong = text.includes("\u0000") ? 0 : (bytes.find((byte) => byte > 127) ?? 0);
  throw new DatabaseError(
    "22021",
    `invalid byte sequence for encoding "UTF8": 0x${wrong.toString(16).padStart(2, "0")}`,
  );
}

const text: Codec = { send: (value) => Buffer.from(value as string), receive: readText };
const int4 = fixed<number>(
  4,
  (buffer, value) => buffer.writeInt32BE(value),
  (buffer) => buffer.readInt32BE(),
);

function writeMoment(buffer: Buffer, micros: number): void {
  const since = Number.isFinite(micros)
    ? BigInt(micros) - epochMicros
    : micros > 0
      ? int64Max
      : -int64Max - 1n;
  buffer.writeBigInt64BE(since);
}

function readMoment(buffer: Buffer): number {
  const since = buffer.readBigInt64BE();
  if (since === int64Max) return Infinity;
  return since === -int64Max - 1n ? -Infinity : Number(since + epochMicros);
}

/** Groups of four digits, with the weight of the first. */
const numeric: Codec = {
  send(value) {
    const { digits, scale } = value as Numeric;
    const header = (groups: number, weight: number, sign: number, shown: number): Buffer => {
      const buffer = Buffer.alloc(8);
      buffer.writeInt16BE(groups, 0);
      buffer.writeInt16BE(weight, 2);
      buffer.writeUInt16BE(sign, 4);
      buffer.writeInt16BE(shown, 6);
      return buffer;
    };
    if (digits === null)
      return header(0, 0, scale === 0 ? 0xc0_00 : scale > 0 ? 0xd0_00 : 0xf0_00, scale === 0 ? 0 : 32);
    const padding = (4 - (scale % 4)) % 4;
    const body = (digits < 0n ? -digits : digits).toString() + "0".repeat(padding);
    const whole = body.padStart(Math.ceil(body.length / 4) * 4, "0");
    const groups = (whole.match(/.{4}/g) ?? []).map(Number);
    let weight = groups.length - (scale + padding) / 4 - 1;
    while (groups[0] === 0) {
      groups.shift();
      weight -= 1;
    }
    while (groups.at(-1) === 0) groups.pop();
    const buffer = Buffer.alloc(groups.length * 2);
    for (const [index, group] of groups.entries()) buffer.writeInt16BE(group, index * 2);
    const sign = digits < 0n ? 0x40_00 : 0;
    return Buffer.concat([header(groups.length, groups.length === 0 ? 0 : weight, sign, scale), buffer]);
  },
  receive(bytes): Numeric {
    const [count, weight, sign, scale] = [
      bytes.readInt16BE(0),
      bytes.readInt16BE(2),
      bytes.readUInt16BE(4),
      bytes.readInt16BE(6),
    ];
    if (sign >= 0xc0_00) return { digits: null, scale: sign === 0xc0_00 ? 0 : sign === 0xd0_00 ? 1 : -1 };
    let digits = 0n;
    for (let index = 0; index < count; index += 1)
      digits = digits * 10_000n + BigInt(bytes.readInt16BE(8 + index * 2));
    // The last group stands this many digits behind the point.
    const behind = (count - 1 - weight) * 4;
    const own =
      behind > scale ? digits / 10n ** BigInt(behind - scale) : digits * 10n ** BigInt(scale - behind);
    return { digits: sign === 0x40_00 ? -own : own, scale };
  },
};

const interval = fixed<Interval>(
  16,
  (buffer, { months, days, microseconds }) => {
    buffer.writeBigInt64BE(BigInt(microseconds), 0);
    buffer.writeInt32BE(days, 8);
    buffer.writeInt32BE(months, 12);
  },
  (buffer) => ({
    microseconds: Number(buffer.readBigInt64BE(0)),
    days: buffer.readInt32BE(8),
    months: buffer.readInt32BE(12),
  }),
);

const bits: Codec = {
  send(value) {
    const digits = value as string;
    const buffer = Buffer.alloc(4 + Math.ceil(digits.length / 8));
    buffer.writeInt32BE(digits.length);
    for (const [index, byte] of (digits.match(/.{1,8}/g) ?? []).entries())
      buffer[4 + index] = Number.parseInt(byte.padEnd(8, "0"), 2);
    return buffer;
  },
  receive: (bytes) =>
    Array.from(bytes.subarray(4), (byte) => byte.toString(2).padStart(8, "0"))
      .join("")
      .slice(0, bytes.readInt32BE()),
};

const registered = fixed<Registered>(
  4,
  (buffer, { oid }) => buffer.writeUInt32BE(oid),
  (buffer) => ({ oid: buffer.readUInt32BE(), text: String(buffer.readUInt32BE()) }),
);

const moment = fixed<number>(8, writeMoment, readMoment);
const infiniteDay = 2 ** 31 - 1;
const codecs = new Map<number, Codec>([
  [
    16,
    fixed<boolean>(
      1,
      (buffer, value) => buffer.writeUInt8(value ? 1 : 0),
      (buffer) => buffer[0] !== 0,
    ),
  ],
  [
    21,
    fixed<number>(
      2,
      (buffer, value) => buffer.writeInt16BE(value),
      (buffer) => buffer.readInt16BE(),
    ),
  ],
  [23, int4],
  [
    26,
    fixed<number>(
      4,
      (buffer, value) => buffer.writeUInt32BE(value),
      (buffer) => buffer.readUInt32BE(),
    ),
  ],
  [
    20,
    fixed<bigint>(
      8,
      (buffer, value) => buffer.writeBigInt64BE(value),
      (buffer) => buffer.readBigInt64BE(),
    ),
  ],
  [
    700,
    fixed<number>(
      4,
      (buffer, value) => buffer.writeFloatBE(value),
      (buffer) => buffer.readFloatBE(),
    ),
  ],
  [
    701,
    fixed<number>(
      8,
      (buffer, value) => buffer.writeDoubleBE(value),
      (buffer) => buffer.readDoubleBE(),
    ),
  ],
  [1700, numeric],
  [17, { send: (value) => value as Uint8Array, receive: (bytes) => Uint8Array.from(bytes) }],
  [
    2950,
    {
      send: (value) => Buffer.from((value as string).replaceAll("-", ""), "hex"),
      receive: (bytes) =>
        bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    },
  ],
  [
    1082,
    fixed<number>(
      4,
      (buffer, days) =>
        buffer.writeInt32BE(
          Number.isFinite(days) ? days - epochDays : days > 0 ? infiniteDay : -infiniteDay - 1,
        ),
      (buffer) => {
        const days = buffer.readInt32BE();
        if (days === infiniteDay) return Infinity;
        return days === -infiniteDay - 1 ? -Infinity : days + epochDays;
      },
    ),
  ],
  [
    1083,
    fixed<number>(
      8,
      (buffer, value) => buffer.writeBigInt64BE(BigInt(value)),
      (buffer) => Number(buffer.readBigInt64BE()),
    ),
  ],
  [1114, moment],
  [1184, moment],
  [1186, interval],
  [
    114,
    {
      send: text.send,
      receive(bytes) {
        const own = readText(bytes);
        parseJson(own);
        return own;
      },
    },
  ],
  [
    3802,
    {
      send: (value) => Buffer.from(`\u0001${value as string}`),
      receive(bytes) {
        if (bytes[0] !== 1)
          throw new DatabaseError("XX000", `unsupported jsonb version number ${bytes[0] ?? 0}`);
        return canonicalJson(readText(bytes.subarray(1)));
      },
    },
  ],
  [1560, bits],
  [1562, bits],
  [2205, registered],
  [2206, registered],
  [24, registered],
  [4089, registered],
  [4096, registered],
  [2278, { send: () => new Uint8Array(0), receive: () => "" }],
]);

function codecOf(type: PgType): Codec {
  const { element, fields } = type;
  if (element !== undefined) return arrayCodec(element);
  if (fields !== undefined)
    return { send: (value) => sendRecord(value as readonly Value[], fields), receive: refuse };
  const known = codecs.get(type.oid);
  if (known !== undefined) return known;
  if (type.category === "text" || type.category === "enum" || type.category === "unknown")
    return { send: text.send, receive: (bytes) => type.parse(readText(bytes)) };
  throw unsupported(`the binary form of type ${type.name}`);
}

function refuse(): never {
  throw new DatabaseError("0A000", "input of anonymous composite types is not implemented");
}

const int32 = (value: number): Buffer => int4.send(value) as Buffer;

/** A value with its length before it; -1 for null. */
function sized(value: Value, type: PgType): Buffer {
  if (value === null) return int32(-1);
  const bytes = codecOf(type).send(value);
  return Buffer.concat([int32(bytes.length), bytes]);
}

function sendRecord(row: readonly Value[], fields: ReadonlyArray<{ readonly type: PgType }>): Buffer {
  const parts = fields.flatMap(({ type }, index) => [int32(type.oid), sized(row[index] ?? null, type)]);
  return Buffer.concat([int32(fields.length), ...parts]);
}

function arrayCodec(element: PgType): Codec {
  return {
    send(value) {
      const sizes: number[] = [];
      for (
        let at: Value = value;
        Array.isArray(at) && at.length > 0;
        at = (at as readonly Value[])[0] ?? null
      )
        sizes.push(at.length);
      const items = (value as readonly Value[]).flat(6) as readonly Value[];
      return Buffer.concat([
        int32(sizes.length),
        int32(items.includes(null) ? 1 : 0),
        int32(element.oid),
        ...sizes.flatMap((size) => [int32(size), int32(1)]),
        ...items.map((item) => sized(item, element)),
      ]);
    },
    receive(bytes) {
      const depth = bytes.readInt32BE(0);
      if (depth < 0 || depth > 6) throw new DatabaseError("22P03", `invalid number of dimensions: ${depth}`);
      if (bytes.readInt32BE(8) !== element.oid)
        throw new DatabaseError(
          "42804",
          `binary data has array element type ${bytes.readInt32BE(8)} instead of expected ${element.oid} (${element.name})`,
        );
      const sizes = Array.from({ length: depth }, (_, index) => bytes.readInt32BE(12 + index * 8));
      let at = 12 + depth * 8;
      const codec = codecOf(element);
      const items = (level: number): Value[] =>
        Array.from({ length: sizes[level] ?? 0 }, () => {
          if (level < depth - 1) return items(level + 1);
          const length = bytes.readInt32BE(at);
          at += 4;
          if (length < 0) return null;
          at += length;
          return codec.receive(bytes.subarray(at - length, at));
        });
      return depth === 0 ? [] : items(0);
    },
  };
}

/** @throws SimError for types without a binary form here. */
export function sendBinary(value: Value, type: PgType): Uint8Array {
  return codecOf(type).send(value);
}

/** @throws DatabaseError 08P01, 22P03 and those of the type */
export function receiveBinary(bytes: Uint8Array, type: PgType): Value {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return codecOf(type).receive(buffer);
  } catch (error) {
    if (error instanceof RangeError) throw new DatabaseError("08P01", "insufficient data left in message");
    throw error;
  }
}
