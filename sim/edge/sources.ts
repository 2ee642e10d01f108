/**
 * Every source of time, randomness and outside I/O in Node, and what becomes of it while a world has the
 * globals. Data only; a test does each of them and compares, and docs/edges.md prints it.
 */

import { type Source, all, sourcesOfTime } from "./sources-of-time.js";

export type { Source, SourceState } from "./sources-of-time.js";

const threadPool = "real; virtual time stands still until it has ended";
const ofMachine = "tells of this machine and process; keep it out of what you assert";

const randomness: readonly Omit<Source, "kind">[] = [
  {
    name: "Math.random",
    state: "replaced",
    why: "drawn from the seed; a spy of the test's own stays in its place",
    covers: ["Math.random"],
  },
  {
    name: "crypto.randomUUID, crypto.getRandomValues",
    state: "replaced",
    why: "drawn from the seed; a spy of the test's own stays in its place",
    covers: ["globalThis.crypto", ...all("crypto", "randomUUID", "getRandomValues")],
  },
  {
    name: "node:crypto randomBytes, randomInt, randomUUID, randomUUIDv7, randomFill, randomFillSync",
    state: "replaced",
    why: "drawn from the seed; named imports too",
    covers: [
      ...all("node:crypto", "randomBytes", "randomInt", "randomUUID", "randomUUIDv7", "randomFill"),
      ...all("node:crypto", "randomFillSync", "getRandomValues", "pseudoRandomBytes", "prng", "rng"),
    ],
  },
  {
    name: "crypto.subtle, key generation",
    state: "not guarded",
    why: threadPool,
    covers: [
      ...all("globalThis", "SubtleCrypto", "Crypto", "CryptoKey"),
      ...all("crypto", "subtle"),
      ...all("node:crypto", "subtle", "webcrypto", "generateKey", "generateKeySync", "generateKeyPair"),
      ...all("node:crypto", "generateKeyPairSync", "generatePrime", "generatePrimeSync", "checkPrime"),
      ...all("node:crypto", "scrypt", "pbkdf2", "hkdf", "argon2", "sign", "publicEncrypt", "encapsulate"),
      ...all(
        "node:crypto",
        "createDiffieHellman",
        "createECDH",
        "DiffieHellman",
        "ECDH",
        "createSign",
        "Sign",
      ),
    ],
  },
  {
    name: "WeakRef, FinalizationRegistry",
    state: "not guarded",
    why: "V8 collects memory when it likes",
    covers: all("globalThis", "WeakRef", "FinalizationRegistry"),
  },
  {
    name: "process.memoryUsage, cpuUsage, pid; node:os, node:v8",
    state: "not guarded",
    why: ofMachine,
    covers: [
      ...all("process", "memoryUsage", "cpuUsage", "threadCpuUsage", "resourceUsage", "availableMemory"),
      ...all("process", "constrainedMemory", "pid", "ppid", "report", "getActiveResourcesInfo"),
      ...all("navigator", "hardwareConcurrency"),
      "node:os",
      "node:v8",
    ],
  },
];

const outside: readonly Omit<Source, "kind">[] = [
  {
    name: "fetch",
    state: "replaced",
    why: "hosts of the world answer at once; loopback servers and the user's mocks answer for theirs; all else is refused",
    covers: ["globalThis.fetch"],
  },
  {
    name: "node:http, node:https, axios",
    state: "replaced",
    why: "connections to hosts of the world are in-memory ones; other hosts as with fetch",
    covers: ["node:http", "node:https"],
  },
  {
    name: "WebSocket",
    state: "replaced",
    why: "the world's for its hosts; what the user has put there, such as mock-socket, for other addresses",
    covers: ["globalThis.WebSocket"],
  },
  {
    name: "npm undici, and a fetch kept from before",
    state: "replaced",
    why: "they connect by node:net; a dispatcher of the user's, such as a MockAgent, stays",
    covers: [],
  },
  {
    name: "net, tls, dns, dgram",
    state: "not guarded",
    why: "in-memory to hosts of the world, so that ws, ioredis and pg reach them; all else is real, such as a database beside the world",
    covers: ["node:net", "node:tls", "node:dns", "node:dns/promises", "node:dgram", "node:http2"],
  },
  {
    name: "fs, child_process",
    state: "not guarded",
    why: threadPool,
    covers: [
      "node:fs",
      "node:fs/promises",
      "node:child_process",
      "node:cluster",
      "node:sqlite",
      "node:wasi",
      "node:inspector",
      "node:inspector/promises",
      "node:readline",
      "node:readline/promises",
      "node:repl",
      "node:tty",
      "node:trace_events",
      ...all("process", "stdin", "openStdin", "kill", "execve"),
    ],
  },
  {
    name: "zlib, CompressionStream",
    state: "not guarded",
    why: threadPool,
    covers: ["node:zlib", ...all("globalThis", "CompressionStream", "DecompressionStream")],
  },
];

/** In the order of the documentation. */
export const sources: readonly Source[] = [
  ...ofKind("time", sourcesOfTime),
  ...ofKind("randomness", randomness),
  ...ofKind("I/O", outside),
];

function ofKind(kind: Source["kind"], list: readonly Omit<Source, "kind">[]): readonly Source[] {
  return list.map(({ name, state, why, covers }) => ({ name, kind, state, why, covers }));
}

/** @returns The table of docs/edges.md, in Markdown. */
export function printSources(list: readonly Source[] = sources): string {
  const rows = list.map(({ name, kind, state, why }) => `| ${name} | ${kind} | ${state} | ${why} |`);
  return ["| Source | Kind | State | How, or why not |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
