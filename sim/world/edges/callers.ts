/**
 * Who sends: what the bytes of a client are about, and, while the trace of a run is kept, which line of the user's code
 * stands behind them.
 *
 * A driver sends from its own stack, often in a later tick or once a connection is free. Every promise, tick and timer
 * that begins while a line of the user's is on the stack belongs to that line, and so does what they begin. What a pool
 * sends from a queue of its own is known by its answer only: by the promise that is resolved then, which began at a line.
 */
import { createHook, executionAsyncId } from "node:async_hooks";

import { callSiteOfUser, stackAbove } from "../../shared/call-site.js";
import type { FrameName } from "./wire.js";

/** What a piece of a client's bytes is about. */
export interface NamedBytes {
  /** Stable name without ids. */
  readonly label: string;
  /** The same for people, with ids and values. */
  readonly text: string;
}

/** Names the bytes of one direction of one connection; gets each piece in order. */
export type Namer = (bytes: Uint8Array) => NamedBytes;

/** Something that a client has sent. */
interface Call {
  readonly text: string;
  /** `file:line` of the user's code; undefined when it is not known, or not yet. */
  place: string | undefined;
  /** Whether that line was on the stack. @default false: whoever gets the answer may say better */
  readonly own?: boolean | undefined;
}

export interface Callers {
  /** @returns What is sent now. */
  call(text: string): Call;
  /** Its answer has arrived, and what waits for it is resolved next. */
  answered(call: Call): void;
  /** A step of the run begins, on behalf of nobody. */
  step(): void;
  end(): void;
}

/** Watches every promise, tick and timer of the process until it is ended: for a run that is shown to people. */
export function watchCallers(): Callers {
  const places = new Map<number, string>();
  const own = new Set<number>();
  const steps = new Set<number>();
  let owing: Call | undefined;
  let busy = false;

  function placeNow(above: (...args: never[]) => unknown): {
    readonly place?: string;
    readonly own?: boolean;
  } {
    const place = callSiteOfUser(stackAbove(above));
    if (place !== undefined) return { place, own: true };
    const context = executionAsyncId();
    const inherited = steps.has(context) ? undefined : places.get(context);
    return inherited === undefined ? {} : { place: inherited };
  }

  // Whoever formats stacks may begin something, too.
  function init(id: number): void {
    if (busy) return;
    busy = true;
    const found = placeNow(init);
    if (found.place !== undefined) places.set(id, found.place);
    if (found.own === true) own.add(id);
    busy = false;
  }

  const hook = createHook({
    init,
    promiseResolve(id) {
      if (owing === undefined || !own.has(id)) return;
      owing.place = places.get(id);
      owing = undefined;
    },
  }).enable();

  function call(text: string): Call {
    const { place, own: isOwn } = placeNow(call);
    return { text, place, own: isOwn };
  }

  return {
    call,
    answered(answer) {
      owing = answer.own === true ? undefined : answer;
    },
    step() {
      steps.add(executionAsyncId());
      owing = undefined;
    },
    end: () => hook.disable(),
  };
}

/** @returns Such as `SELECT used FROM quotas · src/quota.ts:14`. */
function describeCall({ text, place }: Call): string {
  return place === undefined ? text : `${text} · ${place}`;
}

/** @returns What describes a request that is sent now. */
export function describeRequest(callers: Callers, method: string, path: string): () => string {
  const call = callers.call(`${method} ${path.replace(/\?.*$/, "")}`);
  return () => describeCall(call);
}

/** Names what one client sends, and finds out who asked for it. */
export interface ClientNames {
  named(bytes: Uint8Array): FrameName;
  /** Something has arrived from the other end. */
  answered(): void;
}

/** @param callers - Undefined where nobody wants to know. */
export function createClientNames(namer: Namer, callers: Callers | undefined): ClientNames {
  let last: Call | undefined;
  return {
    named(bytes) {
      const { label, text } = namer(bytes);
      if (callers === undefined) return { label };
      const call = callers.call(text);
      // A statement of several pieces, the first of which says who asks.
      if (last?.text === text && last.place !== undefined) call.place ??= last.place;
      last = call;
      return { label, describe: () => describeCall(call) };
    },
    answered() {
      if (last !== undefined) callers?.answered(last);
    },
  };
}
