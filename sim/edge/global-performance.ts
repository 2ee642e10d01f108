/**
 * What reads a clock without being one: `performance`, `process.uptime` and the time stamps of events, put under a
 * world's time. They are changed in place, so that a `performance` that was imported before is the world's as well.
 */
import perfHooks, { type EventLoopUtilityFunction } from "node:perf_hooks";

import type { Loop } from "../kernel/index.js";
import { isMock } from "./mocks.js";
import type { Undo } from "./undo.js";

/** Classes of events that code makes itself; what Node makes gets its stamp when it is dispatched. */
const eventClasses = ["Event", "CustomEvent", "MessageEvent", "CloseEvent", "ErrorEvent"] as const;

// Node's own, kept when this module is loaded.
const native = Object.getPrototypeOf(performance) as Performance;
const { mark, measure, toJSON } = native as Performance & { toJSON(): object };

/** `performance.now()` is 0 at the moment of the call, and `performance.timeOrigin` the world's date then. */
export function installPerformance(loop: Loop, undo: Undo): void {
  const originUs = loop.clock.nowUs;
  const now = (): number => (loop.clock.nowUs - originUs) / 1000;
  const timeOrigin = loop.clock.epochMs + originUs / 1000;
  const replace = (name: string, value: (...args: never[]) => unknown): void => {
    const holder = Object.hasOwn(performance, name) ? performance : native;
    if (!isMock(Reflect.get(holder, name))) undo.replaceFunction(holder, name, value);
  };
  replace("now", now);
  undo.keep(native, "timeOrigin");
  Object.defineProperty(native, "timeOrigin", {
    ...Object.getOwnPropertyDescriptor(native, "timeOrigin"),
    get: () => timeOrigin,
  });
  replace("toJSON", () => ({ ...toJSON.call(performance), timeOrigin }));
  replace("mark", (name: string, options?: PerformanceMarkOptions) =>
    mark.call(performance, name, startingNow(options, now)),
  );
  replace(
    "measure",
    (name: string, ...given: unknown[]) =>
      Reflect.apply(measure, performance, [name, ...endingNow(given, now)]) as PerformanceMeasure,
  );
  const utilization = utilizationBy(now);
  replace("eventLoopUtilization", utilization);
  if ("eventLoopUtilization" in perfHooks)
    undo.replaceFunction(perfHooks, "eventLoopUtilization", utilization);
  installMarks(now, undo);
  undo.replaceFunction(process, "uptime", () => now() / 1000);
  installTimeStamps(now, undo);
}

// Node's own would take real idle time from a virtual clock.
function utilizationBy(now: () => number): EventLoopUtilityFunction {
  return (one, other) => {
    const idle = other === undefined ? now() - (one?.idle ?? 0) : (one?.idle ?? 0) - other.idle;
    return { idle, active: 0, utilization: 0 };
  };
}

function startingNow(
  options: PerformanceMarkOptions | undefined,
  now: () => number,
): PerformanceMarkOptions | undefined {
  if (options !== undefined && (typeof options !== "object" || options === null)) return options;
  return options?.startTime === undefined ? { ...options, startTime: now() } : options;
}

// Node ends a measure without an end, and starts one without a start, by its own clock.
function endingNow(given: readonly unknown[], now: () => number): readonly unknown[] {
  const [from, to] = given;
  if (from === undefined || from === null)
    return to === undefined ? [{ start: 0, end: now() }] : [{ start: 0, end: to }];
  if (typeof from !== "object") return to === undefined ? [{ start: from, end: now() }] : given;
  const options = from as PerformanceMeasureOptions;
  const endsSomewhere = options.end !== undefined || options.duration !== undefined;
  return endsSomewhere || options.start === undefined ? given : [{ ...options, end: now() }];
}

function installMarks(now: () => number, undo: Undo): void {
  const Mark = new Proxy(PerformanceMark, {
    construct(target, [name, options]: [string, PerformanceMarkOptions?], newTarget) {
      return Reflect.construct(target, [name, startingNow(options, now)], newTarget) as object;
    },
  });
  undo.replace(globalThis, "PerformanceMark", Mark);
  if ("PerformanceMark" in perfHooks) undo.replace(perfHooks, "PerformanceMark", Mark);
}

function installTimeStamps(now: () => number, undo: Undo): void {
  const stamps = new WeakMap<object, number>();
  const stamp = (event: object): number => {
    const known = stamps.get(event);
    if (known !== undefined) return known;
    stamps.set(event, now());
    return now();
  };
  let ended = false;
  undo.add(() => {
    ended = true;
  });
  for (const name of eventClasses) {
    const Native = Reflect.get(globalThis, name) as typeof Event | undefined;
    if (Native === undefined) continue;
    const construct = (target: typeof Event, args: unknown[], newTarget: NewableFunction): object => {
      const event = Reflect.construct(target, args, newTarget === Stamped ? target : newTarget) as object;
      if (!ended) stamp(event);
      return event;
    };
    const Stamped: typeof Event = new Proxy(Native, { construct });
    undo.replace(globalThis, name, Stamped);
  }
  const { dispatchEvent } = EventTarget.prototype;
  undo.replaceFunction(EventTarget.prototype, "dispatchEvent", function (this: EventTarget, event: Event) {
    if (typeof event === "object" && event !== null) stamp(event);
    return dispatchEvent.call(this, event);
  });
  undo.keep(Event.prototype, "timeStamp");
  Object.defineProperty(Event.prototype, "timeStamp", {
    ...Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp"),
    get: function timeStamp(this: Event) {
      return stamp(this);
    },
  });
}
