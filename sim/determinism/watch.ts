/**
 * The watch over uses of real time, randomness and I/O while a world runs.
 *
 * It lays a thin function over each of Node's own, which passes the call on and, while a recording is on, notes who
 * made it. What was read from its object before the watch was installed, such as `const now = Date.now`, goes past it.
 * The simulator's own uses go past it for that reason: they keep what they need when their module is loaded.
 */
import { syncBuiltinESMExports } from "node:module";

import { createUndo } from "../edge/index.js";
import { callSite, stackAbove } from "../call-site.js";
import { installDate } from "./watched-date.js";
import { type Watched, watchedFunctions } from "./watched.js";

/** One noticed use. */
export interface Use {
  /** Such as `crypto.randomUUID`. */
  readonly api: string;
  /** `file:line` of the caller. */
  readonly site: string;
  /** Step of the world during which it was first used; 0 before the first. */
  readonly step: number;
}

export interface Recording {
  /** Tells that the world has begun a step. */
  readonly step: (index: number) => void;
  /**
   * To be called between two steps: calls `next` after a turn of the process, and after the first use of something that
   * ends later, only once it has had the time. I/O that took long in another run takes none in this one.
   */
  readonly settle: (next: () => void) => void;
  /** Ends the recording. @returns What was used, each API and site once, in the order of first use. */
  readonly end: () => readonly Use[];
}

export interface RecordingOptions {
  /**
   * Answers as another machine would on another day: the date is 400 days on, and what the operating system says of
   * itself is a little different. What depends on that differs for certain. @default false
   */
  readonly elsewhere?: boolean;
}

export interface LeakWatch {
  /** Notes uses from now on. Recordings that are on at the same time all note the same. */
  begin(options?: RecordingOptions): Recording;
  /** Puts everything back as it was, unless somebody else has installed the watch, too. Call it once. */
  uninstall(): void;
}

/** What is laid over a function of Node calls this first. @returns Whether to answer as elsewhere. */
export type Note = (api: string, laid: (...args: never[]) => unknown, settleMs?: number) => boolean;

const nativeSetTimeout = setTimeout;
const nativeSetImmediate = setImmediate;

interface Running {
  readonly uses: Map<string, Use>;
  readonly elsewhere: boolean;
  at: number;
  /** Real milliseconds that what was started needs to end. */
  owedMs: number;
}

interface Shared {
  readonly watch: LeakWatch;
  users: number;
}

// On globalThis, because there is one process to lay it over, whoever asks.
const owner = Symbol.for("phoenix-sim.leak-watch");

/**
 * Lays the watch over this process; whoever comes second shares it. It costs a few milliseconds.
 *
 * See docs/exploration.md for what it sees.
 */
export function installLeakWatch(): LeakWatch {
  const shared =
    (Reflect.get(globalThis, owner) as Shared | undefined) ??
    ({ watch: layWatch(), users: 0 } satisfies Shared);
  shared.users += 1;
  Reflect.set(globalThis, owner, shared);
  return {
    begin: shared.watch.begin,
    uninstall() {
      shared.users -= 1;
      if (shared.users > 0) return;
      Reflect.deleteProperty(globalThis, owner);
      shared.watch.uninstall();
    },
  };
}

function layWatch(): LeakWatch {
  const recordings = new Set<Running>();
  const undo = createUndo();
  undo.add(syncBuiltinESMExports);

  const note: Note = (api, laid, settleMs = 0) => {
    if (recordings.size === 0) return false;
    const site = callSite(stackAbove(laid));
    if (site === undefined) return false;
    const key = `${api} ${site}`;
    let moved = false;
    for (const each of recordings) {
      moved ||= each.elsewhere;
      if (each.uses.has(key)) continue;
      each.uses.set(key, { api, site, step: each.at });
      each.owedMs = Math.max(each.owedMs, settleMs);
    }
    return moved;
  };

  for (const watched of watchedFunctions()) {
    const { target, key } = watched;
    if (!replaceable(target, key)) continue;
    const inner = Reflect.get(target, key) as (...args: unknown[]) => unknown;
    undo.replace(target, key, layOver(inner, watched, note));
  }
  installDate(note, undo);
  syncBuiltinESMExports();

  return {
    begin({ elsewhere = false } = {}) {
      const mine: Running = { uses: new Map(), elsewhere, at: 0, owedMs: 0 };
      recordings.add(mine);

      return {
        step(index) {
          mine.at = index;
        },
        settle(next) {
          if (mine.owedMs === 0) nativeSetImmediate(next);
          else nativeSetTimeout(next, mine.owedMs);
          mine.owedMs = 0;
        },
        end() {
          recordings.delete(mine);
          return [...mine.uses.values()];
        },
      };
    },
    uninstall: undo.run,
  };
}

// A few exports of Node are fixed; what they call is watched.
function replaceable(target: object, key: string): boolean {
  const { configurable = true, writable = false } = Object.getOwnPropertyDescriptor(target, key) ?? {};
  return configurable || writable;
}

// Works for functions, methods and constructors alike, and shows the same properties.
function layOver(
  inner: (...args: unknown[]) => unknown,
  { name, elsewhere, settleMs }: Watched,
  note: Note,
): (...args: unknown[]) => unknown {
  function laid(this: unknown, ...args: unknown[]): unknown {
    const moved = note(name, laid, settleMs);
    if (new.target !== undefined) {
      return Reflect.construct(inner, args, (new.target as unknown) === laid ? inner : new.target);
    }
    const answer = Reflect.apply(inner, this, args);
    return moved && elsewhere !== undefined ? elsewhere(answer) : answer;
  }
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(inner))) {
    Object.defineProperty(laid, key, descriptor);
  }
  for (const symbol of Object.getOwnPropertySymbols(inner)) {
    const descriptor = Object.getOwnPropertyDescriptor(inner, symbol);
    if (descriptor !== undefined) Object.defineProperty(laid, symbol, descriptor);
  }
  return laid;
}
