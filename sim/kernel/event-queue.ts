/** Pending events, earliest first; events of one instant keep the order in which they were scheduled. */

export interface Ordered {
  readonly atUs: number;
  readonly sequence: number;
}

export interface EventQueue<T extends Ordered> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
  /** Everything pending, in no particular order. */
  items(): readonly T[];
}

/** A binary heap over a plain array. */
export function createEventQueue<T extends Ordered>(): EventQueue<T> {
  const heap: T[] = [];

  function siftUp(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as T;
      if (!before(item, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = item;
  }

  function siftDown(item: T): void {
    const half = heap.length >> 1;
    let index = 0;
    while (index < half) {
      let childIndex = 2 * index + 1;
      const right = heap[childIndex + 1];
      if (right !== undefined && before(right, heap[childIndex] as T)) childIndex += 1;
      const child = heap[childIndex] as T;
      if (!before(child, item)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = item;
  }

  return {
    get size() {
      return heap.length;
    },
    push(item) {
      heap.push(item);
      siftUp(item, heap.length - 1);
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) siftDown(last);
      return first;
    },
    items: () => heap,
  };
}

function before(a: Ordered, b: Ordered): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}
