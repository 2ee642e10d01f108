/**
 * Leaks: ways in which code takes time, randomness or input from outside its world. Each is planted in a gateway, and
 * must be reported by name: as what made two runs differ, or as what was used without effect.
 */
import { exec } from "node:child_process";
import nodeCrypto, { randomBytes, randomInt, randomUUID } from "node:crypto";
import dns from "node:dns";
import fs, { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

export interface Leak {
  /** What the report must say. */
  readonly says: string;
  /** What is planted: its answer goes into the body of a reply, and so does when it comes. */
  readonly leak: () => unknown;
  /** Real I/O for which time stands still: it is named, and makes no two runs differ. */
  readonly isAwaited?: boolean;
}

// Kept before any watch is installed.
const keptNow = Date.now;
const keptRandom = Math.random;
const keptUuid = nodeCrypto.randomUUID.bind(nodeCrypto);
const KeptDate = Date;
let counter = 0;

const here = import.meta.filename;

export const leaks: readonly Leak[] = [
  { says: "Date.now at", leak: () => Date.now() },
  { says: "new Date() at", leak: () => new Date().toISOString() },
  { says: "Date() at", leak: () => Date() },
  {
    says: "Intl.DateTimeFormat.format at",
    leak: () => new Intl.DateTimeFormat("en", { fractionalSecondDigits: 3 }).format(),
  },
  { says: "performance.now at", leak: () => performance.now() },
  { says: "process.hrtime at", leak: () => process.hrtime() },
  { says: "process.hrtime.bigint at", leak: () => String(process.hrtime.bigint()) },
  { says: "process.uptime at", leak: () => process.uptime() },
  { says: "process.memoryUsage at", leak: () => process.memoryUsage() },
  { says: "process.cpuUsage at", leak: () => process.cpuUsage() },
  { says: "os.loadavg at", leak: () => os.loadavg() },
  { says: "os.hostname at", leak: () => os.hostname() },
  { says: "Math.random at", leak: () => Math.random() },
  { says: "crypto.randomUUID at", leak: () => randomUUID() },
  { says: "crypto.randomUUID at", leak: () => crypto.randomUUID() },
  { says: "crypto.randomBytes at", leak: () => randomBytes(8).toString("hex") },
  { says: "crypto.randomInt at", leak: () => randomInt(2 ** 40) },
  { says: "crypto.getRandomValues at", leak: () => [...crypto.getRandomValues(new Uint8Array(8))] },
  {
    says: "crypto.subtle.digest at",
    leak: async () => bytes(crypto.subtle.digest("SHA-256", Buffer.from("x"))),
  },
  {
    says: "crypto.pbkdf2 at",
    leak: async () => bytes(promisify(nodeCrypto.pbkdf2)("x", "y", 1_000, 8, "sha1")),
  },
  { says: "setTimeout at", leak: async () => later((done) => setTimeout(done, 1)) },
  { says: "setImmediate at", leak: async () => later((done) => setImmediate(done)) },
  { says: "setInterval at", leak: async () => interval() },
  { says: "timers/promises.setTimeout at", leak: async () => sleep(1) },
  {
    says: "AbortSignal.timeout at",
    leak: async () => later((done) => AbortSignal.timeout(1).addEventListener("abort", done)),
  },
  { says: "MessageChannel at", leak: async () => later(message) },
  { says: "BroadcastChannel at", leak: async () => later(broadcast) },
  { says: "Atomics.waitAsync at", leak: async () => waitAsync() },
  { says: "fs.readFileSync at", leak: () => readFileSync(`/proc/self/io`, "utf8") },
  { says: "fs.stat at", leak: async () => later((done) => fs.stat(here, done)), isAwaited: true },
  { says: "fs/promises.readFile at", leak: async () => (await readFile(here)).length, isAwaited: true },
  {
    says: "dns.lookup at",
    leak: async () => later((done) => dns.lookup("localhost", done)),
    isAwaited: true,
  },
  {
    says: "net.Socket.connect at",
    leak: async () => later((done) => net.connect(1, "127.0.0.1").on("error", done)),
    isAwaited: true,
  },
  {
    says: "net.Socket.connect at",
    leak: async () => later((done) => http.get("http://127.0.0.1:1/").on("error", done)),
    isAwaited: true,
  },
  {
    says: "fetch at",
    leak: async () => fetch("http://127.0.0.1:3/").catch(() => "refused"),
    isAwaited: true,
  },
  { says: "child_process.exec at", leak: async () => later((done) => exec("true", done)), isAwaited: true },
  {
    says: "worker_threads.Worker at",
    leak: async () => later((done) => new Worker("", { eval: true }).on("exit", done)),
  },
  { says: "Date.now or new Date(), kept before", leak: () => keptNow() },
  { says: "Date.now or new Date(), kept before", leak: () => new KeptDate() },
  { says: "Math.random, kept before", leak: () => keptRandom() },
  { says: "crypto.randomUUID or randomBytes, kept before", leak: () => keptUuid() },
  { says: "state kept from one run to the next", leak: () => (counter += 1) },
  { says: "Nothing that is watched was used.", leak: () => "abc"[(counter += 1) % 3] },
];

async function later(start: (done: () => void) => unknown): Promise<string> {
  return new Promise((resolve) => {
    start(() => resolve("done"));
  });
}

async function interval(): Promise<string> {
  return later((done) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      done();
    }, 1);
  });
}

function message(done: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => {
    port1.close();
    done();
  });
  port1.start();
  port2.postMessage("hello");
}

function broadcast(done: () => void): void {
  const [one, other] = [new BroadcastChannel("leak"), new BroadcastChannel("leak")];
  other.addEventListener("message", () => {
    one.close();
    other.close();
    done();
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
  one.postMessage("hello");
}

async function waitAsync(): Promise<unknown> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const { waitAsync } = Atomics as unknown as {
    readonly waitAsync: (word: Int32Array, index: number, value: number, ms: number) => { value: unknown };
  };
  return waitAsync(word, 0, 0, 1).value;
}

async function bytes(work: Promise<ArrayBuffer | Buffer>): Promise<string> {
  return Buffer.from((await work) as Buffer).toString("hex");
}
