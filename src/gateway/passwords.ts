/** Stored passwords: `scrypt:N:salt:hex`. */
import { scryptSync, timingSafeEqual } from "node:crypto";
import type { Random } from "../ports/index.js";

const cost = 1024;
const keyLength = 32;

/** @returns The text to store for a password. */
export function hashPassword(password: string, random: Random): string {
  const salt = Buffer.from(random.bytes(8)).toString("hex");
  return `scrypt:${cost}:${salt}:${scryptSync(password, salt, keyLength, { N: cost }).toString("hex")}`;
}

/** @returns Whether a password is the one that was stored. */
export function checkPassword(password: string, stored: string): boolean {
  const [kind, n, salt, hex] = stored.split(":");
  if (kind !== "scrypt" || n === undefined || salt === undefined || hex === undefined) return false;
  const key = scryptSync(password, salt, keyLength, { N: Number(n) });
  const expected = Buffer.from(hex, "hex");
  return key.length === expected.length && timingSafeEqual(key, expected);
}
