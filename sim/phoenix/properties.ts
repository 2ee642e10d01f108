/** What a user says of a world: what always holds, and what should come true in some run. */
import type { Step } from "../kernel/index.js";

export interface Properties {
  /** Checks `holds` after each event from now on. False, or a throw, ends the world. */
  always(name: string, holds: () => boolean | void): void;
  /** Declares something that should come true in some run of a campaign. A function is asked after each event. */
  sometimes(name: string, condition: boolean | (() => boolean)): void;
  /** Says that this place was reached, which some run of a campaign should. */
  reachable(name: string): void;
  /** Names declared by `sometimes` and `reachable`, and those of them that came true here. */
  readonly sometimesSeen: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** To be called before each step: what ran before it has come to rest. */
  rested(step?: Step): void;
}

/** Ends the world. @param cause - Stands where the property was declared, or was thrown there. */
type Fail = (name: string, problem: string, cause: Error) => void;

interface Always {
  readonly name: string;
  readonly holds: () => unknown;
  readonly declared: Error;
}

export function createProperties(fail: Fail): Properties {
  const always: Always[] = [];
  const waiting = new Map<string, () => boolean>();
  const declared = new Set<string>();
  const reached = new Set<string>();
  return {
    always(name, holds) {
      always.push({ name, holds, declared: new Error(`"${name}" was declared here`) });
    },
    sometimes(name, condition) {
      declared.add(name);
      if (condition === true) reached.add(name);
      else if (typeof condition === "function" && !reached.has(name)) waiting.set(name, condition);
    },
    reachable(name) {
      declared.add(name);
      reached.add(name);
    },
    get sometimesSeen() {
      return { declared: [...declared], reached: [...reached] };
    },
    rested() {
      for (const { name, holds, declared: here } of always) {
        try {
          const held = holds();
          if (held === false) fail(name, "it returned false", here);
          if (held instanceof Promise)
            fail(name, "it returned a promise, and what it resolves to comes too late", here);
        } catch (error) {
          fail(
            name,
            error instanceof Error ? error.message : String(error),
            error instanceof Error ? error : here,
          );
        }
      }
      for (const [name, condition] of waiting) {
        if (!condition()) continue;
        reached.add(name);
        waiting.delete(name);
      }
    },
  };
}
