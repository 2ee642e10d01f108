/** The process's sources of randomness, drawn from a world's streams. */
import nodeCrypto from "node:crypto";

import type { ChoiceLog, Loop } from "../kernel/index.js";
import { isMock } from "./mocks.js";
import type { Undo } from "./undo.js";

// Node's own, kept when this module is loaded: each says by its errors what it does not take.
const { webcrypto, randomBytes, randomInt, randomFillSync } = nodeCrypto;
const { getRandomValues } = webcrypto;

type Draw = (...args: never[]) => unknown;

/**
 * Replaces `Math.random`, and what of `crypto` gives random bytes at once. Keys stay the operating system's.
 *
 * What a spy or a stub of the test's own stands on is left to the test: it goes on counting its calls.
 */
export function installRandom({ choices, clock }: Loop, undo: Undo): void {
  const replace = (target: object, key: string, draw: Draw): void => {
    const before: unknown = Reflect.get(target, key);
    if (typeof before === "function" && !isMock(before)) undo.replaceFunction(target, key, draw);
  };
  const fill = fillFrom(choices);
  replace(Math, "random", () => {
    const high = choices.entropy("test/math-random") >>> 5;
    const low = choices.entropy("test/math-random") >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  });
  for (const crypto of [webcrypto, nodeCrypto]) replace(crypto, "randomUUID", () => uuidOf(fill));
  replace(nodeCrypto, "randomUUIDv7", () => uuidOf(fill, clock.unixMs));
  // That of node:crypto calls this one.
  replace(webcrypto, "getRandomValues", (view: Uint8Array) => fill(getRandomValues.call(webcrypto, view)));
  const drawBytes = orCallback((length: number) => fill(randomBytes(length)));
  for (const alias of ["randomBytes", "pseudoRandomBytes", "prng", "rng"])
    replace(nodeCrypto, alias, drawBytes);
  const fillPart = (target: Uint8Array, offset = 0, size?: number): Uint8Array => {
    randomFillSync(target, offset, size ?? target.byteLength / elementSize(target) - offset);
    fill(partOf(target, offset, size));
    return target;
  };
  replace(nodeCrypto, "randomFillSync", fillPart);
  replace(nodeCrypto, "randomFill", orCallback(fillPart));
  replace(
    nodeCrypto,
    "randomInt",
    orCallback((min: number, max?: number) => {
      const [from, to] = max === undefined ? [0, min] : [min, max];
      randomInt(from, to);
      const draw = choices.entropy("test/random-int") * 2 ** 21 + (choices.entropy("test/random-int") >>> 11);
      return from + (draw % (to - from));
    }),
  );
}

function elementSize(target: ArrayBufferLike | ArrayBufferView): number {
  return "BYTES_PER_ELEMENT" in target ? (target as Uint8Array).BYTES_PER_ELEMENT : 1;
}

function partOf(target: ArrayBufferLike | ArrayBufferView, offset: number, size?: number): Uint8Array {
  const unit = elementSize(target);
  const whole = ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target);
  return whole.subarray(offset * unit, size === undefined ? undefined : (offset + size) * unit);
}

function fillFrom(choices: ChoiceLog): <T extends ArrayBufferView>(view: T) => T {
  return (view) => {
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < target.length; at += 4) {
      const word = choices.entropy("test/crypto");
      for (let i = 0; i < 4 && at + i < target.length; i++) target[at + i] = word >>> (8 * i);
    }
    return view;
  };
}

// Version 4 of RFC 9562, two fixed fields among 122 random bits; or 7, which begins with a time in milliseconds.
function uuidOf(fill: (view: Uint8Array) => Uint8Array, unixMs?: number): string {
  const raw = Buffer.from(fill(new Uint8Array(16)));
  if (unixMs !== undefined) raw.writeUIntBE(unixMs, 0, 6);
  raw[6] = ((raw[6] ?? 0) & 0x0f) | (unixMs === undefined ? 0x40 : 0x70);
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// `randomBytes`, `randomFill` and `randomInt` answer at once, or later through a callback given last.
function orCallback(draw: Draw): (...args: unknown[]) => unknown {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback !== "function") return draw(...(args as never[]));
    const value = draw(...(args.slice(0, -1) as never[]));
    process.nextTick(() => (callback as (error: null, value: unknown) => void)(null, value));
    return undefined;
  };
}
