/** Shapes in which tasks wait for each other, or for a signal that has already gone. */
import { type At, type Lab, type Shape, createLock, work } from "./lab.js";

function lockers(lab: Lab, names: readonly string[], before: readonly number[]): () => undefined {
  const locks = names.map((name) => createLock(`lock-${name}`));
  names.forEach((name, index) => {
    const [first, second] = [locks[index], locks[(index + 1) % locks.length]];
    lab.task(name, async (at: At) => {
      await work(at, `own-${name}`, before[index] ?? 0);
      await first?.acquire(at);
      await at(`own-${name}`);
      await second?.acquire(at);
      await second?.release(at);
      await first?.release(at);
    });
  });
  return () => undefined;
}

export const deadlockOfTwo: Shape = {
  name: "deadlock-of-two",
  fault: "Two tasks take two locks in opposite order.",
  build: (lab) => lockers(lab, ["a", "b"], [2, 10]),
};

export const deadlockOfThree: Shape = {
  name: "deadlock-of-three",
  fault: "Three tasks take three locks in a circle.",
  build: (lab) => lockers(lab, ["a", "b", "c"], [1, 7, 13]),
};

export const lostWakeUp: Shape = {
  name: "lost-wake-up",
  fault: "A consumer finds a queue empty and goes to sleep; the signal came in between.",
  build(lab) {
    let items = 0;
    let wake: (() => void) | undefined;
    lab.task("consumer", async (at) => {
      await work(at, "consumer", 2);
      await at("queue");
      if (items > 0) return;
      await at("consumer");
      await new Promise<void>((resolve) => (wake = resolve));
    });
    lab.task("producer", async (at) => {
      await work(at, "producer", 6);
      await at("queue");
      items += 1;
      wake?.();
    });
    return () => undefined;
  },
};

export const wrongWaiter: Shape = {
  name: "wrong-waiter",
  fault: "One signal for two kinds of waiters wakes the one that cannot use it.",
  build(lab) {
    const waiting: (() => void)[] = [];
    const slot = { full: false };
    const sleep = async (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
    const signal = (): void => waiting.shift()?.();
    lab.task("producer", async (at) => {
      for (let item = 0; item < 2; item++) {
        for (await at("slot"); slot.full; await at("slot")) await sleep();
        slot.full = true;
        signal();
      }
    });
    for (const [name, before] of [
      ["first", 2],
      ["second", 5],
    ] as const) {
      lab.task(name, async (at) => {
        await work(at, name, before);
        for (await at("slot"); !slot.full; await at("slot")) await sleep();
        slot.full = false;
        signal();
      });
    }
    return () => undefined;
  },
};
