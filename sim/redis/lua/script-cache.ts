/** Scripts that the server knows by their SHA-1. */
import { createHash } from "node:crypto";
import type { Bytes } from "../bytes.js";

export interface ScriptCache {
  /** @returns The digest, lower-case hex. */
  digest(script: Bytes): string;
  /** @returns The digest, lower-case hex. */
  add(script: Bytes): string;
  get(digest: string): Bytes | undefined;
  readonly size: number;
  clear(): void;
}

export function createScriptCache(): ScriptCache {
  const scripts = new Map<string, Bytes>();
  const digests = new Map<Bytes, string>();
  const digestOf = (script: Bytes): string =>
    digests.get(script) ?? createHash("sha1").update(script, "latin1").digest("hex");
  return {
    digest: digestOf,
    add(script) {
      const digest = digestOf(script);
      scripts.set(digest, script);
      digests.set(script, digest);
      return digest;
    },
    get: (digest) => scripts.get(digest.toLowerCase()),
    get size() {
      return scripts.size;
    },
    clear() {
      scripts.clear();
      digests.clear();
    },
  };
}
