/** Between the keys of a server and those of an ioredis-mock: fixtures in, snapshots out. */
import { SimError } from "../../errors.js";
import type { ExpireTime, KeyImage } from "./database.js";
import { toBytes, toText, type Bytes } from "./reply.js";
import { createSortedSet } from "./sorted-set.js";
import { createStream, formatId, readId, type Stream } from "./stream.js";

/** A key with what it holds and when it expires. */
export type NamedKey = readonly [name: Bytes, image: KeyImage];

/** The part of an ioredis-mock that holds its keys. */
export interface RedisMockData {
  readonly data: {
    keys(): readonly string[];
    get(key: string): unknown;
    set(key: string, value: unknown): void;
  };
  readonly expires: {
    has(key: string): boolean;
    get(key: string): number;
    set(key: string, unixMs: number): void;
  };
}

/** @returns Whether something is an ioredis-mock, as far as can be seen. */
export function isRedisMock(value: unknown): value is RedisMockData {
  if (typeof value !== "object" || value === null) return false;
  const { data, expires } = value as Partial<RedisMockData>;
  return typeof data?.keys === "function" && typeof expires?.has === "function";
}

function refused(name: string, what: string, hint: string): SimError {
  return new SimError("SIM_MOCK_VALUE", `The key "${name}" holds ${what}.`, hint);
}

// Fixtures.

type Text = string | Uint8Array;

const isText = (value: unknown): value is Text => typeof value === "string" || value instanceof Uint8Array;

/** `[["1-0", ["field", "value"]], ...]`, as the mock keeps a stream. */
function isEntries(value: readonly unknown[]): value is ReadonlyArray<readonly [string, readonly Text[]]> {
  return value.length > 0 && value.every((entry) => Array.isArray(entry) && Array.isArray(entry[1]));
}

function streamOf(entries: ReadonlyArray<readonly [string, readonly Text[]]>): Stream {
  const stream = createStream();
  for (const [id, fields] of entries)
    stream.entries.push({ id: readId(id), fields: fields.map(toBytes), node: 0 });
  stream.lastId = stream.entries.at(-1)?.id ?? stream.lastId;
  stream.entriesAdded = stream.entries.length;
  stream.tail = { node: 0, entries: stream.entries.length, bytes: 0 };
  return stream;
}

function valueOf(name: string, value: unknown): Pick<KeyImage, "type" | "value"> {
  if (isText(value)) return { type: "string", value: toBytes(value) };
  if (typeof value === "number") return { type: "string", value: String(value) };
  if (Array.isArray(value)) {
    const ids = value.map((entry) => (Array.isArray(entry) ? String(entry[0]) : ""));
    if (isEntries(value) && ids.every((id) => /^\d+-\d+$/.test(id)))
      return { type: "stream", value: streamOf(value) };
    const items: readonly unknown[] = value;
    if (items.every(isText)) return { type: "list", value: items.map(toBytes) };
  } else if (value instanceof Set) {
    const members = [...(value as Set<unknown>)];
    if (members.every(isText)) return { type: "set", value: new Set(members.map(toBytes)) };
  } else if (value instanceof Map) {
    const members = [...(value as Map<unknown, unknown>).values()] as Array<{ value: Text; score: unknown }>;
    if (members.every((member) => isText(member?.value)))
      return {
        type: "zset",
        value: createSortedSet(
          members.map(({ value: member, score }) => ({ member: toBytes(member), score: Number(score) })),
        ),
      };
  } else if (typeof value === "object" && value !== null && Object.values(value).every(isText)) {
    const fields = Object.entries(value as Record<string, Text>);
    return { type: "hash", value: new Map(fields.map(([field, text]) => [toBytes(field), toBytes(text)])) };
  }
  throw refused(
    name,
    `something that is not a value of Redis: ${JSON.stringify(value)}`,
    "Give texts, lists, sets, hashes, sorted sets or streams.",
  );
}

const wholeSeconds = (ms: number): number => Math.ceil(ms / 1000) * 1000;

/** What the mock notes about a stream under a name of its own. */
const isStreamNote = (key: string, value: unknown): boolean =>
  key.startsWith("stream:") && typeof value === "object" && value !== null && "polled" in value;

/**
 * Reads an ioredis-mock.
 *
 * @param now - Of the server: Unix milliseconds. Keys have as long to live as they have in the mock, in whole seconds, so that
 *   the milliseconds that passed meanwhile make no other run.
 * @param mockNow - Of the clock that the mock's keys expire by: Unix milliseconds.
 * @throws SimError `SIM_MOCK_VALUE` for a value that no type of Redis has.
 */
export function keysOfMock({ data, expires }: RedisMockData, now: number, mockNow: number): NamedKey[] {
  return data.keys().flatMap((key): NamedKey[] => {
    const value = data.get(key);
    if (isStreamNote(key, value)) return [];
    const left = expires.has(key) ? wholeSeconds(expires.get(key) - mockNow) : null;
    return [[toBytes(key), { ...valueOf(key, value), expireAt: left === null ? null : now + left }]];
  });
}

// Snapshots.

function plain(name: string, bytes: Bytes): string {
  const text = toText(bytes);
  if (toBytes(text) === bytes) return text;
  throw refused(
    name,
    "bytes that are no UTF-8 inside a collection, which ioredis-mock cannot hold",
    "Ask the simulated Redis itself: `phoenix.redis.command(...)`.",
  );
}

function mockValue(name: string, { type, value }: KeyImage): unknown {
  const text = (bytes: Bytes): string => plain(name, bytes);
  switch (type) {
    case "string": {
      const bytes = value as Bytes;
      const decoded = toText(bytes);
      return toBytes(decoded) === bytes ? decoded : Buffer.from(bytes, "latin1");
    }
    case "list":
      return (value as Bytes[]).map(text);
    case "set":
      return new Set([...(value as Set<Bytes>)].map(text));
    case "hash":
      return Object.fromEntries(
        [...(value as Map<Bytes, Bytes>)].map(([field, bytes]) => [text(field), text(bytes)]),
      );
    case "zset": {
      const members = (value as ReturnType<typeof createSortedSet>).all();
      return new Map(
        members.map(({ member, score }) => [text(member), { value: text(member), score }] as const),
      );
    }
    case "stream":
    default: {
      const stream = value as Stream;
      if (stream.groups.size > 0)
        throw refused(
          name,
          "a stream with consumer groups, which ioredis-mock cannot hold",
          "Ask the simulated Redis itself: `phoenix.redis.command('XINFO', 'GROUPS', key)`.",
        );
      return stream.entries.map(({ id, fields }) => [formatId(id), fields.map(text)]);
    }
  }
}

/**
 * Fills an empty ioredis-mock.
 *
 * @param now - Of the server: Unix milliseconds. Keys have as long to live as they have in the server.
 * @param mockNow - Of the clock that the mock's keys expire by: Unix milliseconds.
 * @throws SimError `SIM_MOCK_VALUE` naming a key that the mock cannot hold.
 */
export function fillMock(mock: RedisMockData, keys: readonly NamedKey[], now: number, mockNow: number): void {
  for (const [bytes, image] of keys) {
    const name = plain(toText(bytes), bytes);
    const value = mockValue(name, image);
    mock.data.set(name, value);
    if (image.type === "stream")
      for (const [id] of value as Array<[string, string[]]>)
        mock.data.set(`stream:${name}:${id}`, { polled: false });
    if (image.expireAt !== null) mock.expires.set(name, mockNow + left(image.expireAt, now));
  }
}

function left(expireAt: ExpireTime, now: number): number {
  return Number(expireAt) - now;
}
