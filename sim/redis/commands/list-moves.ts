/** Taking elements from a list and moving them between lists; shared by the waiting and the other commands. */
import type { Bytes } from "../bytes.js";
import type { Database } from "../database.js";
import { syntaxError } from "../reply.js";
import { removeIfEmpty } from "./ready.js";

export type ListEnd = "LEFT" | "RIGHT";

export function readEnd(text: Bytes): ListEnd {
  const word = text.toUpperCase();
  if (word !== "LEFT" && word !== "RIGHT") throw syntaxError();
  return word;
}

/** @returns The removed elements, the end first; empty when there is no list. */
export function popMany(db: Database, key: Bytes, end: ListEnd, count: number): Bytes[] {
  const list = db.edit(key, "list");
  if (list === undefined) return [];
  const taken =
    end === "LEFT"
      ? list.splice(0, count)
      : list.splice(Math.max(0, list.length - count), list.length).reverse();
  db.changed(key, "l", end === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, key, list.length);
  return taken;
}

export function popFirst(db: Database, key: Bytes, end: ListEnd): Bytes | undefined {
  const list = db.edit(key, "list");
  if (list === undefined) return undefined;
  const value = end === "LEFT" ? list.shift() : list.pop();
  db.changed(key, "l", end === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, key, list.length);
  return value;
}

/** @returns The moved element, or undefined when the source is empty. Fails before it takes anything. */
export function moveElement(
  db: Database,
  from: Bytes,
  to: Bytes,
  fromEnd: ListEnd,
  toEnd: ListEnd,
): Bytes | undefined {
  const source = db.read(from, "list");
  if (source === undefined) return undefined;
  let target = db.edit(to, "list");
  const value = (fromEnd === "LEFT" ? source[0] : source.at(-1)) ?? "";
  if (target === undefined) {
    target = [];
    db.put(to, "list", target);
  }
  // Into the same list: take first, so that the positions are right. The list is not empty in between
  // for anybody to see, since removal happens last.
  db.edit(from, "list");
  if (fromEnd === "LEFT") source.shift();
  else source.pop();
  if (toEnd === "LEFT") target.unshift(value);
  else target.push(value);
  db.ready(to);
  db.changed(to, "l", toEnd === "LEFT" ? "lpush" : "rpush");
  db.changed(from, "l", fromEnd === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, from, source.length);
  return value;
}
