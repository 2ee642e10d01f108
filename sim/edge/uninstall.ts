/**
 * The end of the globals where a test has put spies and stubs over a world's functions and takes them away only later.
 * The spies stay; what they restore in the end is what was there before the world.
 */
import type { VitestUtils } from "vitest";

import { type Replaced, type Undo, isOverridden } from "./undo.js";

/** @param vi - Vitest's, where one of its tests runs. */
export function uninstallBeside(undo: Undo, vi: VitestUtils | undefined): void {
  const replaced = undo.replaced();
  const overridden = replaced.filter(isOverridden);
  if (overridden.length === 0) {
    undo.run();
    return;
  }
  const stubs = vi === undefined ? [] : takeStubs(vi, replaced);
  const spies = overridden.map(({ target, key }) => Reflect.get(target, key) as unknown);
  undo.run();
  for (const { key, original, value } of stubs) {
    if (original === undefined) Reflect.deleteProperty(globalThis, key);
    else Object.defineProperty(globalThis, key, original);
    vi?.stubGlobal(key, value);
    undo.release(globalThis, key);
  }
  if (undo.heal()) return;
  healOnRestore(undo, spies, vi);
}

interface Stub {
  readonly key: string;
  readonly original: PropertyDescriptor | undefined;
  readonly value: unknown;
}

// Vitest does not tell what it has stubbed, but shows it by taking all of it away.
function takeStubs(vi: VitestUtils, replaced: readonly Replaced[]): readonly Stub[] {
  const before = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  const overridden = new Map(
    replaced.filter(({ target }) => target === globalThis).map((each) => [each.key, each]),
  );
  const wasOverridden = new Set([...overridden.values()].filter(isOverridden).map(({ key }) => key));
  vi.unstubAllGlobals();
  return Object.entries(before).flatMap(([key, was]) => {
    const now = Object.getOwnPropertyDescriptor(globalThis, key);
    if (Object.is(now?.value, was.value) && now?.get === was.get) return [];
    const ours = overridden.get(key);
    const restored = ours !== undefined && !isOverridden(ours);
    return [
      {
        key,
        original: restored ? ours.before : now,
        value: (ours === undefined || wasOverridden.has(key) ? was.value : ours.before?.value) as unknown,
      },
    ];
  });
}

const restorers = ["mockRestore", "restore"] as const;

function healOnRestore(undo: Undo, spies: readonly unknown[], vi: VitestUtils | undefined): void {
  const unhooks: (() => void)[] = [];

  function hook(target: object, name: string): void {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== "function") return;
    const own = Object.getOwnPropertyDescriptor(target, name);
    function healing(this: unknown, ...args: unknown[]): unknown {
      const answer: unknown = Reflect.apply(original as () => unknown, this, args);
      if (undo.heal()) for (const unhook of unhooks.splice(0)) unhook();
      return answer;
    }
    Object.defineProperty(target, name, { value: healing, configurable: true, writable: true });
    unhooks.push(() => {
      if (Reflect.get(target, name) !== healing) return;
      if (own === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, own);
    });
  }

  for (const spy of spies) {
    if (typeof spy !== "function") continue;
    for (const name of restorers) hook(spy, name);
    if ("mock" in spy && typeof spy.mock === "object" && spy.mock !== null) hook(spy.mock, "restore");
  }
  if (vi !== undefined) hook(vi, "restoreAllMocks");
}
