/**
 * `once` and `on` of node:events, called by the code of a test: what is awaited by them may need virtual time to come.
 *
 * They have no end of their own, so time moves for each wait only so far; what has not come by then, while nothing real
 * is under way, ends with an error instead of the runner's time-out.
 */
import { ChildProcess } from "node:child_process";
import events from "node:events";
import net from "node:net";
import { Stream } from "node:stream";
import { MessagePort, Worker } from "node:worker_threads";

import { SimError } from "../errors.js";
import { type Loop, everyRealMs, formatDuration } from "../kernel/index.js";
import type { Undo } from "./undo.js";

/** As for `phoenix.until`. */
const limitMs = 300_000;
/** What is real and cannot be seen may still come for so long. */
const graceTicks = 10;
const graceTickMs = 50;

// Node's own, kept when this module is loaded.
const { once, on } = events;

/** Libraries that wait in the background are left alone, and so is what real I/O brings. */
export function installEvents(loop: Loop, undo: Undo): void {
  const before = resourcesInUse();
  const isWaited = (emitter: unknown, name: "once" | "on"): boolean =>
    !isReal(emitter) && isCalledByTest(placed[name]);

  undo.replaceFunction(events, "once", (...args: Parameters<typeof once>) => {
    const arrives = once(...args);
    if (!isWaited(args[0], "once")) return arrives;
    return holdFor(loop, label("once", args[1]), arrives, before);
  });
  undo.replaceFunction(events, "on", (...args: Parameters<typeof on>) => {
    const iterator = on(...args);
    if (!isWaited(args[0], "on")) return iterator;
    const next = iterator.next.bind(iterator);
    iterator.next = async () => holdFor(loop, label("on", args[1]), next(), before);
    return iterator;
  });
  const placed = { once: events.once, on: events.on };
}

function label(name: string, event: unknown): string {
  return `${name}(emitter, "${String(event)}")`;
}

// Streams and sockets of the world let time move by themselves while they owe an answer.
function isReal(emitter: unknown): boolean {
  return (
    emitter === process ||
    [net.Server, Stream, ChildProcess, Worker, MessagePort, BroadcastChannel].some(
      (type) => emitter instanceof (type as NewableFunction as new () => unknown),
    )
  );
}

function isCalledByTest(above: (...args: never[]) => unknown): boolean {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, above);
  const [caller = ""] = (holder.stack ?? "").split("\n").slice(1);
  return !/[\\/]node_modules[\\/]|\(?node:/.test(caller);
}

// Timers are the test runner's, or kept from before; all else may bring an event.
function resourcesInUse(): number {
  return process.getActiveResourcesInfo().filter((name) => !/^(?:Timeout|Immediate)$/.test(name)).length;
}

async function holdFor<T>(loop: Loop, label: string, arrives: Promise<T>, before: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let stopWatching = (): void => {};
    let release = (): void => {};
    const limit = loop.schedule(limitMs, "foreign", "events/limit", () => {
      release();
      stopWatching = rejectWhenIdle(loop, label, before, (error) => end(() => reject(error)));
    });

    function end(settle: () => void): void {
      release();
      stopWatching();
      loop.cancel(limit);
      settle();
    }

    release = loop.hold({ describe: () => label, fail: (error) => end(() => reject(error)) });
    arrives.then(
      (value) => end(() => resolve(value)),
      (error: Error) => end(() => reject(error)),
    );
  });
}

/** @returns What ends the watching. */
function rejectWhenIdle(
  loop: Loop,
  label: string,
  before: number,
  reject: (error: SimError) => void,
): () => void {
  let ticks = 0;
  let steps = loop.steps;
  const stop = everyRealMs(graceTickMs, () => {
    // A timer of the test, or another wait, may still bring it.
    const isUnderWay = loop.steps !== steps || resourcesInUse() > before;
    steps = loop.steps;
    ticks = isUnderWay ? 0 : ticks + 1;
    if (ticks < graceTicks) return;
    stop();
    reject(
      new SimError(
        "SIM_WAIT_TIMEOUT",
        `Waited ${formatDuration(limitMs)} for ${label}, until ${loop.clock.nowMs} ms; the event did not come.`,
        "Look whether the event was emitted before the wait began, or is spelled otherwise. To wait longer, write " +
          "`await phoenix.until(() => seen, { within })`, or `await phoenix.waitForMessage(socket)` for a socket.",
      ),
    );
  });
  return stop;
}
