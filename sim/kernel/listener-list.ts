/**
 * Listeners that come and go by the thousand, each for a short time.
 *
 * A Set would do, but V8 chains the tables of a growing Set to each other: one that has grown old keeps all that
 * came after it, with the listeners of that moment and everything they hold, until the next full collection.
 */

export interface ListenerList {
  /** @returns A function that removes the listener. */
  add(listener: () => void): () => void;
  /** Calls each listener once, in the order they came, and forgets it. One that another removes is not called. */
  callAll(): void;
}

// A class: V8 would put literals that often live long among the old at once, and with them the closures that are
// made beside them, so that each request would be kept until the next full collection.
class Link {
  readonly listener: () => void;
  before: Link | undefined;
  after: Link | undefined;
  listed = true;

  constructor(listener: () => void, before: Link | undefined) {
    this.listener = listener;
    this.before = before;
    this.after = undefined;
  }
}

export function createListenerList(): ListenerList {
  let first: Link | undefined;
  let last: Link | undefined;

  function remove(link: Link): void {
    if (!link.listed) return;
    link.listed = false;
    if (link.before === undefined) first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) last = link.before;
    else link.after.before = link.before;
    link.before = undefined;
    link.after = undefined;
  }

  return {
    add(listener) {
      const link = new Link(listener, last);
      if (last === undefined) first = link;
      else last.after = link;
      last = link;
      return () => remove(link);
    },
    callAll() {
      for (let link = first; link !== undefined; link = first) {
        remove(link);
        link.listener();
      }
    },
  };
}
