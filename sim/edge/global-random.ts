/** The process's sources of randomness, drawn from a world's streams. */
import nodeCrypto from "node:crypto";

import type { ChoiceLog } from "../kernel/index.js";
import type { Undo } from "./undo.js";

/** Replaces `Math.random`, and what of `crypto` gives random bytes at once. Keys stay the operating system's. */
export function installRandom(choices: ChoiceLog, undo: Undo): void {
  const { bytes, fill, uuid } = createSource(choices);
  undo.replace(Math, "random", () => {
    const high = choices.entropy("test/math-random") >>> 5;
    const low = choices.entropy("test/math-random") >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  });
  for (const crypto of [nodeCrypto.webcrypto, nodeCrypto]) undo.replace(crypto, "randomUUID", uuid);
  // That of node:crypto calls this one.
  undo.replace(nodeCrypto.webcrypto, "getRandomValues", fill);
  undo.replace(nodeCrypto, "randomFillSync", fill);
  undo.replace(nodeCrypto, "randomBytes", orCallback(bytes));
  undo.replace(
    nodeCrypto,
    "randomInt",
    orCallback((min: number, max?: number) => {
      const [from, to] = max === undefined ? [0, min] : [min, max];
      const draw = choices.entropy("test/random-int") * 2 ** 21 + (choices.entropy("test/random-int") >>> 11);
      return from + (draw % (to - from));
    }),
  );
}

function createSource(choices: ChoiceLog) {
  function fill<T extends ArrayBufferView>(view: T): T {
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < target.length; at += 4) {
      const word = choices.entropy("test/crypto");
      for (let i = 0; i < 4 && at + i < target.length; i++) target[at + i] = word >>> (8 * i);
    }
    return view;
  }

  return {
    fill,
    bytes: (length: number) => fill(Buffer.alloc(length)),
    // Version 4 of RFC 9562: two fixed fields among 122 random bits.
    uuid(): string {
      const raw = fill(new Uint8Array(16));
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      const hex = Buffer.from(raw).toString("hex");
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
  };
}

// `randomBytes` and `randomInt` answer at once, or later through a callback given last.
function orCallback(draw: (...args: never[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback !== "function") return draw(...(args as never[]));
    const value = draw(...(args.slice(0, -1) as never[]));
    process.nextTick(() => (callback as (error: null, value: unknown) => void)(null, value));
    return undefined;
  };
}
