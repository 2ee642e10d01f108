/** `Date` and what else tells the time of day, under the watch. */
import type { Undo } from "../edge/index.js";
import type { Note } from "./watch.js";

const elsewhereMs = 400 * 86_400_000;

type Format = (date?: Date | number) => string;

/** Lays the watch over `Date()`, `new Date()`, `Date.now()`, and formats of `Intl` without a date. */
export function installDate(note: Note, undo: Undo): void {
  const Native = Date;
  const nativeNow = Native.now;

  // On the constructor itself, so that whoever kept `Date` is seen, too.
  function now(): number {
    return nativeNow() + (note("Date.now", now) ? elsewhereMs : 0);
  }
  undo.replace(Native, "now", now);

  function Laid(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) {
      return new Native(nativeNow() + (note("Date()", Laid) ? elsewhereMs : 0)).toString();
    }
    const newTarget = (new.target as unknown) === Laid ? Native : new.target;
    if (args.length > 0) return Reflect.construct(Native, args, newTarget);
    return Reflect.construct(Native, [nativeNow() + (note("new Date()", Laid) ? elsewhereMs : 0)], newTarget);
  }
  Object.defineProperties(Laid, Object.getOwnPropertyDescriptors(Native));
  undo.replace(Native.prototype, "constructor", Laid);
  undo.replace(globalThis, "Date", Laid);
  installFormat(note, undo);
}

function installFormat(note: Note, undo: Undo): void {
  const { prototype } = Intl.DateTimeFormat;
  const { get } = Object.getOwnPropertyDescriptor(prototype, "format") ?? {};
  if (get === undefined) return;
  undo.keep(prototype, "format");
  Object.defineProperty(prototype, "format", {
    configurable: true,
    get(this: Intl.DateTimeFormat) {
      const inner = Reflect.apply(get, this, []) as Format;
      const laid: Format = (date) => {
        if (date === undefined) note("Intl.DateTimeFormat.format", laid);
        return inner(date);
      };
      return laid;
    },
  });
}
