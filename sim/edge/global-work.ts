/**
 * Work of Node's thread pool that Node does not list among what it waits for: compressing, and the slow half of
 * `crypto`. It stays real; virtual time stands still until it is done.
 */
import nodeCrypto from "node:crypto";
import zlib from "node:zlib";

import type { Loop } from "../kernel/index.js";
import type { Undo } from "./undo.js";

const withCallback = [
  "pbkdf2",
  "scrypt",
  "hkdf",
  "generateKey",
  "generateKeyPair",
  "generatePrime",
  "checkPrime",
  "sign",
  "verify",
] as const;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

export function installWork(loop: Loop, undo: Undo): void {
  for (const name of withCallback) {
    wrap(undo, nodeCrypto, name, (original) => lastCallback(loop, `crypto.${name}`, original));
  }
  const subtle: object = Object.getPrototypeOf(nodeCrypto.webcrypto.subtle) as object;
  for (const name of Object.getOwnPropertyNames(subtle)) {
    if (name === "constructor") continue;
    wrap(undo, subtle, name, (original) => promised(loop, `crypto.subtle.${name}`, original));
  }
  // Everything of zlib goes through this one, brotli and the web streams as well.
  const transforms: object = Object.getPrototypeOf(
    Object.getPrototypeOf(zlib.Gzip.prototype) as object,
  ) as object;
  wrap(undo, transforms, "_transform", (original) => lastCallback(loop, "zlib", original));
}

function wrap(
  undo: Undo,
  target: object,
  name: string,
  around: (original: AnyFunction) => AnyFunction,
): void {
  const original: unknown = Object.getOwnPropertyDescriptor(target, name)?.value;
  if (typeof original !== "function") return;
  const wrapped = around(original as AnyFunction);
  // Names, and how util.promisify is to treat it.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  undo.replace(target, name, wrapped);
}

/** Counts a call from when it begins until its last argument is called; without a callback it is no such work. */
function lastCallback(loop: Loop, what: string, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const callback = args.at(-1);
    if (typeof callback !== "function") return original.apply(this, args);
    const end = loop.beginRealWork(what);
    const ended: AnyFunction = function (this: unknown, ...results) {
      end();
      return (callback as AnyFunction).apply(this, results);
    };
    try {
      return original.apply(this, [...args.slice(0, -1), ended]);
    } catch (error) {
      end();
      throw error;
    }
  };
}

function promised(loop: Loop, what: string, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const end = loop.beginRealWork(what);
    const result = original.apply(this, args);
    Promise.resolve(result).then(end, end);
    return result;
  };
}
