/** Shapes that need so many ordering constraints at once, and those in which somebody must be very slow. */
import { type Shape, work } from "./lab.js";

export const orderDepth1: Shape = {
  name: "order-depth-1",
  fault: "What takes twenty turns is expected to end after what takes two.",
  build(lab) {
    let ready = false;
    let early = false;
    lab.task("setup", async (at) => {
      await work(at, "setup", 2);
      await at("flag");
      ready = true;
    });
    lab.task("user", async (at) => {
      await work(at, "user", 20);
      await at("flag");
      early = !ready;
    });
    return () => (early ? "used before it was set up" : undefined);
  },
};

export const orderDepth2: Shape = {
  name: "order-depth-2",
  fault: "A pointer is checked and used; between them another task, long before its turn, clears it.",
  build(lab) {
    let pointer: string | undefined = "there";
    let broken = false;
    lab.task("user", async (at) => {
      await work(at, "user", 3);
      await at("pointer");
      if (pointer === undefined) return;
      await work(at, "user", 2);
      await at("pointer");
      broken = pointer === undefined;
    });
    lab.task("cleaner", async (at) => {
      await work(at, "cleaner", 12);
      await at("pointer");
      pointer = undefined;
    });
    return () => (broken ? "used after it was cleared" : undefined);
  },
};

export const orderDepth3: Shape = {
  name: "order-depth-3",
  fault: "Three phases of two tasks must mesh in one way.",
  build(lab) {
    let phase = 0;
    lab.task("a", async (at) => {
      await work(at, "own-a", 4);
      await at("phase");
      if (phase === 0) phase = 1;
      await work(at, "own-a", 2);
      await at("phase");
      if (phase === 2) phase = 3;
      await work(at, "own-a", 2);
    });
    lab.task("b", async (at) => {
      await work(at, "own-b", 8);
      await at("phase");
      if (phase === 1) phase = 2;
      await work(at, "own-b", 2);
      await at("phase");
      if (phase === 3) phase = 4;
    });
    return () => (phase === 4 ? "all phases meshed" : undefined);
  },
};

export const orderDepth4: Shape = {
  name: "order-depth-4",
  fault: "Four phases of three tasks must mesh in one way.",
  build(lab) {
    let phase = 0;
    const advance = (from: number): void => {
      if (phase === from) phase = from + 1;
    };
    lab.task("a", async (at) => {
      await work(at, "own-a", 2);
      await at("phase");
      advance(0);
      await work(at, "own-a", 2);
      await at("phase");
      advance(2);
    });
    lab.task("b", async (at) => {
      await work(at, "own-b", 2);
      await at("phase");
      advance(1);
      await work(at, "own-b", 2);
      await at("phase");
      advance(4);
    });
    lab.task("c", async (at) => {
      await work(at, "own-c", 3);
      await at("phase");
      advance(3);
    });
    return () => (phase === 5 ? "all phases meshed" : undefined);
  },
};

export const starvation: Shape = {
  name: "starvation",
  fault: "A watcher counts thirty looks without a heartbeat; the heart only has to be slow.",
  build(lab) {
    let beats = 0;
    let declaredDead = false;
    lab.task("heart", async (at) => {
      for (let i = 0; i < 30; i++) {
        await at("heart");
        beats += 1;
      }
    });
    lab.task("watcher", async (at) => {
      let last = -1;
      let silent = 0;
      for (let i = 0; i < 30 && silent < 12; i++) {
        await at("heart");
        silent = beats === last ? silent + 1 : 0;
        last = beats;
      }
      declaredDead = silent >= 12 && beats < 30;
    });
    lab.task("bystander", async (at) => work(at, "bystander", 20));
    return () => (declaredDead ? "a living one was declared dead" : undefined);
  },
};

export const shutdownRace: Shape = {
  name: "shutdown-race",
  fault: "A worker that saw an open channel sends on it after both phases of a shutdown.",
  build(lab) {
    let open = true;
    let drained = false;
    let broken = false;
    lab.task("worker", async (at) => {
      for (let i = 0; i < 6 && !broken; i++) {
        await at("channel");
        if (!open) return;
        await at("worker");
        await at("channel");
        broken = drained;
      }
    });
    lab.task("closer", async (at) => {
      await work(at, "closer", 5);
      await at("channel");
      open = false;
      await at("closer");
      await at("channel");
      drained = true;
    });
    return () => (broken ? "sent on a drained channel" : undefined);
  },
};
