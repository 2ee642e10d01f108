/**
 * Replay tokens: one line that brings a run back.
 *
 *     px1.<scenario>~<profile>.<bytes in base64url>
 *     px1.<scenario>~<profile>~<module in base64url>.<bytes in base64url>
 *
 * The module is what `--world` named.  * The bytes: checksum (4, over all that follows and over the names), version (3 varints), seed (sign and
 * varint), hash of the failure's identity (3, 0 for none), then for each decision: hash of its label (4),
 * occurrence and value (varints). Labels are kept as hashes, because a token must fit on one line.
 */
import { SimError } from "../errors.js";
import { hashString, mix32, type Decision } from "../kernel/index.js";
import type { RunTarget } from "./run.js";

// Bytes of a replay token: numbers of any size in few bytes, a checksum, and letters that are safe in a URL.

interface ByteWriter {
  /** Writes a whole number from 0 to 2^53 - 1: seven bits a byte, lowest first (LEB128). */
  varint(value: number): void;
  /** Writes the lowest `count` bytes of a 32-bit number, lowest first. */
  fixed(value: number, count: number): void;
  bytes(): Uint8Array;
}

function createByteWriter(): ByteWriter {
  const written: number[] = [];
  return {
    varint(value) {
      let rest = value;
      while (rest >= 128) {
        written.push((rest % 128) | 128);
        rest = Math.floor(rest / 128);
      }
      written.push(rest);
    },
    fixed(value, count) {
      for (let i = 0; i < count; i++) written.push((value >>> (8 * i)) & 255);
    },
    bytes: () => Uint8Array.from(written),
  };
}

interface ByteReader {
  /** @returns Undefined when the bytes end too soon, or the number is above 2^53 - 1. */
  varint(): number | undefined;
  /** @returns Undefined when the bytes end too soon. */
  fixed(count: number): number | undefined;
  /** Bytes not read yet. */
  readonly left: number;
}

function createByteReader(bytes: Uint8Array): ByteReader {
  let position = 0;
  return {
    varint() {
      let value = 0;
      for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
        const byte = bytes[position++];
        if (byte === undefined) return undefined;
        value += (byte & 127) * scale;
        if (byte < 128) return Number.isSafeInteger(value) ? value : undefined;
      }
      return undefined;
    },
    fixed(count) {
      if (position + count > bytes.length) return undefined;
      let value = 0;
      for (let i = 0; i < count; i++) value += (bytes[position++] ?? 0) * 2 ** (8 * i);
      return value;
    },
    get left() {
      return bytes.length - position;
    },
  };
}

/** @returns 32 bits over the bytes and a text: any change of a few letters shows. */
function checksum(bytes: Uint8Array, text: string): number {
  let h = 0x9747b28c;
  for (let i = 0; i < text.length; i++) h = mix32(Math.imul(h ^ text.charCodeAt(i), 0x01000193) + 1);
  for (const byte of bytes) h = mix32(Math.imul(h ^ byte, 0x01000193) + 1);
  return h;
}

/** @returns Letters, digits, `-` and `_` (RFC 4648, base64url, without padding). */
function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** @returns Undefined when the text has any other letter, or a length that no bytes have. */
function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  // The last letter may carry bits that stand for nothing; a token has one form only.
  return toBase64Url(bytes) === text ? bytes : undefined;
}

/** An answer other than 0, with the label as a hash. */
export interface TokenDecision {
  readonly labelHash: number;
  readonly occurrence: number;
  readonly value: number;
}

export interface Token extends RunTarget {
  /** Version that the run was made with, such as `0.1.0`. */
  readonly version: string;
  readonly seed: number;
  /** Hash of the identity of the failure that a replay should show; undefined for a run that went well. */
  readonly failureHash: number | undefined;
  readonly decisions: readonly TokenDecision[];
}

/** What a token is made of. */
export interface TokenContent extends RunTarget {
  readonly version: string;
  readonly seed: number;
  /** Identity of the failure, see `identityOf`. */
  readonly failure?: string | undefined;
  readonly decisions: readonly Decision[];
}

const prefix = "px1";
const nameForm = /^[A-Za-z0-9_-]+$/;

/** @returns A line of letters, digits and `. ~ - _`, safe in a URL and in a shell. */
export function formatToken({
  scenario,
  profile,
  world,
  version,
  seed,
  failure,
  decisions,
}: TokenContent): string {
  const module = world === undefined ? "" : `~${toBase64Url(new TextEncoder().encode(world))}`;
  const name = `${scenario}~${profile}${module}`;
  for (const part of [scenario, profile]) {
    if (!nameForm.test(part)) {
      throw new SimError(
        "SIM_OPTION_INVALID",
        `Cannot make a token for "${part}".`,
        "Names of scenarios and profiles are letters, digits, - and _.",
      );
    }
  }
  const body = createByteWriter();
  for (const part of versionParts(version)) body.varint(part);
  body.varint(seed < 0 ? 1 : 0);
  body.varint(Math.abs(seed));
  body.fixed(failure === undefined ? 0 : failureHashOf(failure), 3);
  for (const { label, occurrence, value } of decisions) {
    body.fixed(labelHashOf(label), 4);
    body.varint(occurrence);
    body.varint(value);
  }
  const bytes = body.bytes();
  const head = createByteWriter();
  head.fixed(checksum(bytes, name), 4);
  return `${prefix}.${name}.${toBase64Url(Uint8Array.from([...head.bytes(), ...bytes]))}`;
}

/** @returns Hash under which a token keeps a label. */
export function labelHashOf(label: string): number {
  return hashString(label, 3);
}

/** @returns Hash under which a token keeps the identity of a failure; never 0. */
export function failureHashOf(identity: string): number {
  return hashString(identity, 5) & 0xffffff || 1;
}

/**
 * Reads a token. Whether the scenario exists is for the caller to find out.
 *
 * @throws SimError `SIM_TOKEN_INVALID` for what is no token or damaged, and says which.
 * @throws SimError `SIM_TOKEN_VERSION` when it was made by another version than `version`; leave that out to accept any.
 */
export function parseToken(text: string, version?: string): Token {
  const parts = text.split(".");
  const [form, name = "", encoded = ""] = parts;
  const [scenario = "", profile = "", module, ...more] = name.split("~");
  if (form !== prefix || parts.length !== 3) throw noToken(text);
  if (more.length > 0 || !nameForm.test(scenario) || !nameForm.test(profile)) {
    throw damaged(`"${name}" is not a scenario and a profile`);
  }
  const bytes = fromBase64Url(encoded);
  if (bytes === undefined) throw damaged("its last part is not base64url");
  if (bytes.length < 4) throw damaged("it is cut off");
  const sum = createByteReader(bytes).fixed(4);
  const body = bytes.subarray(4);
  if (sum !== checksum(body, name)) throw damaged("its checksum does not fit; a letter is wrong or missing");
  const world = module === undefined ? {} : { world: readModule(module) };
  const token = readBody(createByteReader(body), { scenario, profile, ...world });
  if (token === undefined) throw damaged("its bytes end too soon");
  if (version !== undefined && token.version !== version) {
    throw new SimError(
      "SIM_TOKEN_VERSION",
      `The token was made by version ${token.version}, and this is ${version}.`,
      `Use phoenix-sim@${token.version}, or explore again: the choices of other code differ.`,
    );
  }
  return token;
}

function readModule(encoded: string): string {
  const bytes = fromBase64Url(encoded);
  if (bytes === undefined || bytes.length === 0) throw damaged("the name of its module is not base64url");
  return new TextDecoder().decode(bytes);
}

function readBody(reader: ByteReader, target: RunTarget): Token | undefined {
  const version = [reader.varint(), reader.varint(), reader.varint()].join(".");
  const negative = reader.varint();
  const size = reader.varint();
  const failureHash = reader.fixed(3);
  if (size === undefined || failureHash === undefined) return undefined;
  const decisions: TokenDecision[] = [];
  while (reader.left > 0) {
    const labelHash = reader.fixed(4);
    const occurrence = reader.varint();
    const value = reader.varint();
    if (labelHash === undefined || occurrence === undefined || value === undefined) return undefined;
    decisions.push({ labelHash, occurrence, value });
  }
  return {
    ...target,
    version,
    seed: negative === 1 ? -size : size,
    failureHash: failureHash === 0 ? undefined : failureHash,
    decisions,
  };
}

function versionParts(version: string): readonly number[] {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? [0, 0, 0] : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function noToken(text: string): SimError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const foreign = /^px\d+\./.test(text) && !text.startsWith(`${prefix}.`);
  return new SimError(
    "SIM_TOKEN_INVALID",
    foreign ? `"${shown}" is a token of another format than ${prefix}.` : `"${shown}" is not a replay token.`,
    `A token reads ${prefix}.<scenario>~<profile>.<letters>; copy all of it.`,
  );
}

function damaged(how: string): SimError {
  return new SimError(
    "SIM_TOKEN_INVALID",
    `The replay token is damaged: ${how}.`,
    "Copy the whole token again, without spaces, quotes or line breaks.",
  );
}
