/** Shapes in which something that should be one step is two. */
import { type Shape, createLock, work } from "./lab.js";

export const lostUpdate: Shape = {
  name: "lost-update",
  fault: "Two tasks read a counter and write back one more.",
  build(lab) {
    let counter = 0;
    for (const [name, before] of [
      ["a", 2],
      ["b", 9],
    ] as const) {
      lab.task(name, async (at) => {
        await work(at, `own-${name}`, before);
        await at("counter");
        const seen = counter;
        await at("counter");
        counter = seen + 1;
        await work(at, `own-${name}`, 4);
      });
    }
    return () => (counter === 2 ? undefined : `the counter is ${counter} after 2 increments`);
  },
};

export const checkThenAct: Shape = {
  name: "check-then-act",
  fault: "A slot is found free, and taken some turns later.",
  build(lab) {
    const takers: string[] = [];
    let taken = false;
    for (const [name, before] of [
      ["a", 2],
      ["b", 8],
      ["c", 14],
    ] as const) {
      lab.task(name, async (at) => {
        await work(at, `own-${name}`, before);
        await at("slot");
        if (taken) return;
        await at(`own-${name}`);
        await at("slot");
        taken = true;
        takers.push(name);
        await work(at, `own-${name}`, 3);
      });
    }
    return () => (takers.length <= 1 ? undefined : `${takers.join(" and ")} have one slot`);
  },
};

export const oneStepWindow: Shape = {
  name: "one-step-window",
  fault: "Between two of thirty writes the sum is wrong, and a reader looks once.",
  build(lab) {
    const accounts = [50, 50];
    let seen = 100;
    lab.task("writer", async (at) => {
      await work(at, "log", 18);
      await at("accounts");
      accounts[0] = 40;
      await at("accounts");
      accounts[1] = 60;
      await work(at, "log", 11);
    });
    lab.task("reader", async (at) => {
      await at("accounts");
      seen = (accounts[0] ?? 0) + (accounts[1] ?? 0);
    });
    return () => (seen === 100 ? undefined : `the reader saw ${seen}`);
  },
};

export const doubleCheckedInit: Shape = {
  name: "double-checked-init",
  fault: "An object is published before its fields are set; who sees it does not take the lock.",
  build(lab) {
    const lock = createLock("lock");
    let instance: { readiness: number } | undefined;
    let broken = false;
    for (const name of ["a", "b", "c"]) {
      lab.task(name, async (at) => {
        await work(at, `own-${name}`, 2);
        await at("instance");
        if (instance === undefined) {
          await lock.acquire(at);
          await at("instance");
          if (instance === undefined) {
            instance = { readiness: 0 };
            await at("instance");
            instance.readiness = 1;
          }
          await lock.release(at);
        }
        await at("instance");
        broken ||= instance?.readiness !== 1;
      });
    }
    return () => (broken ? "an object was used before it was ready" : undefined);
  },
};

export const aba: Shape = {
  name: "aba",
  fault: "A stack is changed and changed back between the read and the compare-and-set of a pop.",
  build(lab) {
    const next = new Map<string, string | undefined>([
      ["x", "y"],
      ["y", "z"],
      ["z", undefined],
    ]);
    const freed = new Set<string>();
    let top: string | undefined = "x";
    let broken: string | undefined;
    lab.task("victim", async (at) => {
      await work(at, "own-victim", 2);
      await at("stack");
      const seen = top;
      if (seen === undefined) return;
      const after = next.get(seen);
      await at("own-victim");
      await at("stack");
      if (top !== seen) return;
      top = after;
      if (after !== undefined && freed.has(after)) broken = after;
    });
    lab.task("other", async (at) => {
      await work(at, "own-other", 2);
      const popped: string[] = [];
      for (let i = 0; i < 2; i++) {
        await at("stack");
        if (top === undefined) return;
        popped.push(top);
        top = next.get(top);
      }
      freed.add(popped[1] ?? "");
      await at("stack");
      const again = popped[0] ?? "";
      next.set(again, top);
      top = again;
    });
    return () => (broken === undefined ? undefined : `the stack holds ${broken}, which is free`);
  },
};

export const threeAtOnce: Shape = {
  name: "three-at-once",
  fault: "A limit of two is checked and counted in two steps; only three inside at once break it.",
  build(lab) {
    let inside = 0;
    let most = 0;
    for (const [name, before] of [
      ["a", 1],
      ["b", 6],
      ["c", 11],
      ["d", 16],
    ] as const) {
      lab.task(name, async (at) => {
        await work(at, `own-${name}`, before);
        await at("room");
        if (inside >= 2) return;
        await at("room");
        inside += 1;
        most = Math.max(most, inside);
        await work(at, `own-${name}`, 2);
        await at("room");
        inside -= 1;
      });
    }
    return () => (most <= 2 ? undefined : `${most} were inside a room for 2`);
  },
};
