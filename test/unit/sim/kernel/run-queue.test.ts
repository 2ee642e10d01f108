import fc from "fast-check";
import { expect, test } from "vitest";

import { createEventQueue } from "../../../../sim/kernel/run-queue.js";

test("events come out by time, and by sequence within one time, whatever the order they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (times) => {
      const queue = createEventQueue<{ atUs: number; sequence: number }>();
      const items = times.map((atUs, sequence) => ({ atUs, sequence }));
      for (const item of items) queue.push(item);
      const drained = items.map(() => queue.pop());
      expect(drained).toEqual([...items].sort((a, b) => a.atUs - b.atUs || a.sequence - b.sequence));
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
