/**
 * Small pieces that every service uses: checks of JSON values, errors and their texts, identifiers, back-off, the hints sent
 * over Redis, plain replies.
 */
import { v4 } from "uuid";

import type { HttpReply, Random } from "../ports/index.js";

/** @returns Whether a JSON value is an object: not null, not an array. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// What is made when it is first asked for, and never again.

/** @param make - Must give the same each time: what it gives is kept. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

// Fields that nobody set, as Go's `encoding/json` writes them.

/** @returns Whether a JSON value stands for a field that was not set: null, an empty text or 0. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === 0;
}

// The error of a request that says something impossible.

/** One thing that is wrong, and where. */
export interface Problem {
  /** Dotted path into the body, such as `config.duration`. */
  readonly path: string;
  readonly message: string;
}

/** A caller's mistake; the gateway answers it with 400 `VALIDATION_ERROR`. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
    this.problems = problems;
  }
}

// What an unknown thrown value says.

/** @returns The `code` of an error of the world (`23505`, `ECONNREFUSED`); empty when it has none. */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** @returns The message of an error, or the value as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Identifiers that no two hosts can make twice.

export interface Ids {
  /** @returns A fresh UUID version 4. */
  next(): string;
}

/** Makes identifiers from 122 random bits: no host name, clock or counter is in them. */
export function createIds(random: Random): Ids {
  // A copy, because the library writes the version into the bytes it is given.
  return { next: () => v4({ random: Uint8Array.from(random.bytes(16)) }) };
}

// How long to wait before trying again.

/**
 * Exponential delay: `firstMs`, doubled each time, at most `mostMs`.
 *
 * @param attempt - Failed attempts so far, from 1.
 */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
}

// What services tell each other over Redis. Messages are hints: each may be lost, and then costs time only.

/** Tells gateways that an event was committed, or placed in the order of all events. */
export const eventsChannel = "phoenix:events";

/** Tells controllers that an experiment wants to be looked at. */
export const hintsChannel = "phoenix:hints";

/** Why an experiment wants to be looked at. */
export interface Hint {
  readonly id: string;
  /** `start` waits for a place among those that are brought up; `change` does not. */
  readonly kind: "start" | "change";
}

/** @returns The hint as a message. */
export function formatHint({ id, kind }: Hint): string {
  return JSON.stringify({ id, kind });
}

/** @returns The hint of a message; undefined when it is none. */
export function parseHint(message: string): Hint | undefined {
  try {
    const value: unknown = JSON.parse(message);
    if (!isPlainObject(value) || typeof value["id"] !== "string" || value["id"] === "") return undefined;
    return { id: value["id"], kind: value["kind"] === "start" ? "start" : "change" };
  } catch {
    return undefined;
  }
}

// Plain replies of services that need no router.

/** @returns A reply with a JSON body. */
export function jsonReply(status: number, value: unknown): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** @returns A reply with a text body. */
export function textReply(
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): HttpReply {
  return { status, headers: { "content-type": contentType }, body };
}
