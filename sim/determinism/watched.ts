/** What the watch looks at: every way in which Node gives real time, randomness or input. Data only. */
import childProcess from "node:child_process";
import nodeCrypto from "node:crypto";
import dgram from "node:dgram";
import dns from "node:dns";
import dnsPromises from "node:dns/promises";
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import { performance } from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";

/** One function or constructor. */
export interface Watched {
  /** As a person writes it, such as `crypto.randomUUID`. */
  readonly name: string;
  readonly target: object;
  readonly key: string;
  /**
   * Another answer that another machine could have given: what is the same in two runs of one process and differs
   * elsewhere is found by changing it in the second run.
   */
  readonly elsewhere?: (answer: unknown) => unknown;
  /** Real milliseconds within which what it starts has usually ended; undefined when it answers at once. */
  readonly settleMs?: number;
}

const soonMs = 20;
const slowMs = 1_000;

function all(prefix: string, target: object, keys: readonly string[], settleMs = 0): readonly Watched[] {
  return keys
    .filter((key) => typeof Reflect.get(target, key) === "function")
    .map((key) => ({
      name: `${prefix}${key}`,
      target,
      key,
      settleMs: key.endsWith("Sync") ? 0 : settleMs,
    }));
}

// Streams and other classes of these modules begin with a capital; they come from functions that are watched.
function whole(prefix: string, target: object, settleMs = soonMs): readonly Watched[] {
  return all(
    prefix,
    target,
    Object.keys(target).filter((key) => /^[a-z]/.test(key) && !key.endsWith("Promisified")),
    settleMs,
  );
}

function methods(prefix: string, type: { readonly prototype: object }): readonly Watched[] {
  const keys = Object.getOwnPropertyNames(type.prototype).filter((key) => key !== "constructor");
  return all(prefix, type.prototype, keys, soonMs);
}

const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
const subtle = Object.getPrototypeOf(nodeCrypto.webcrypto.subtle) as object;
const randomNames = [
  "randomBytes",
  "randomInt",
  "randomUUID",
  "randomFill",
  "randomFillSync",
  "getRandomValues",
  "generateKey",
  "generateKeySync",
  "generateKeyPair",
  "generateKeyPairSync",
  "generatePrime",
  "generatePrimeSync",
  "scrypt",
  "pbkdf2",
  "hkdf",
];

/** @returns All of them, read when it is called: some appear only in newer versions of Node. */
export function watchedFunctions(): readonly Watched[] {
  return [...time(), ...randomness(), ...machine(), ...outside(), ...memory()];
}

function time(): readonly Watched[] {
  return [
    ...all("performance.", performance, ["now", "mark", "measure", "eventLoopUtilization", "toJSON"]),
    // What hangs on a function comes before it, because the function laid over it shows what it shows by then.
    ...all("process.hrtime.", process.hrtime, ["bigint"]),
    ...all("process.", process, ["hrtime", "uptime"]),
    ...all("", globalThis, timerNames, soonMs),
    ...all("timers.", timers, timerNames, soonMs),
    ...all("timers/promises.", timersPromises, timerNames, soonMs),
    ...all("scheduler.", timersPromises.scheduler, ["wait"], soonMs),
    ...all("AbortSignal.", AbortSignal, ["timeout"], soonMs),
    ...all("Atomics.", Atomics, ["wait", "waitAsync"], soonMs),
  ];
}

function randomness(): readonly Watched[] {
  return [
    ...all("Math.", Math, ["random"]),
    ...all("crypto.", nodeCrypto, randomNames, soonMs),
    ...all("crypto.", nodeCrypto.webcrypto, ["randomUUID", "getRandomValues"]),
    ...methods("crypto.subtle.", { prototype: subtle }),
  ];
}

function machine(): readonly Watched[] {
  const one = (value: unknown): unknown => Number(value) + 1;
  return [
    ...all("process.memoryUsage.", process.memoryUsage, ["rss"]),
    ...all("process.", process, [
      "memoryUsage",
      "cpuUsage",
      "resourceUsage",
      "availableMemory",
      "constrainedMemory",
    ]),
    {
      name: "os.loadavg",
      target: os,
      key: "loadavg",
      elsewhere: (answer) => (answer as number[]).map((load) => load + 0.01),
    },
    { name: "os.freemem", target: os, key: "freemem", elsewhere: one },
    { name: "os.totalmem", target: os, key: "totalmem", elsewhere: one },
    { name: "os.uptime", target: os, key: "uptime", elsewhere: one },
    { name: "os.availableParallelism", target: os, key: "availableParallelism", elsewhere: one },
    { name: "os.hostname", target: os, key: "hostname", elsewhere: (answer) => `${String(answer)}-2` },
    ...all("os.", os, ["cpus", "networkInterfaces", "tmpdir", "homedir", "userInfo"]),
  ];
}

function outside(): readonly Watched[] {
  return [
    ...whole("fs.", fs),
    ...whole("fs/promises.", fsPromises),
    ...whole("child_process.", childProcess, slowMs),
    ...whole("dns.", dns),
    ...whole("dns/promises.", dnsPromises),
    ...all("net.Socket.", net.Socket.prototype, ["connect"], soonMs),
    ...all("net.Server.", net.Server.prototype, ["listen"], soonMs),
    ...all("dgram.", dgram, ["createSocket"], soonMs),
    ...all("", globalThis, ["fetch", "CompressionStream", "DecompressionStream"], soonMs),
    ...all(
      "zlib.",
      zlib,
      ["gzip", "gunzip", "deflate", "inflate", "deflateRaw", "inflateRaw", "unzip"],
      soonMs,
    ),
    ...all("zlib.", zlib, ["brotliCompress", "brotliDecompress"], soonMs),
    ...all("", globalThis, ["MessageChannel", "BroadcastChannel"], soonMs),
    ...all("worker_threads.", workerThreads, ["MessageChannel", "BroadcastChannel"], soonMs),
    ...all("worker_threads.", workerThreads, ["Worker"], slowMs),
    ...all("MessagePort.", workerThreads.MessagePort.prototype, ["postMessage"], soonMs),
  ];
}

function memory(): readonly Watched[] {
  return all("", globalThis, ["WeakRef", "FinalizationRegistry"]);
}
