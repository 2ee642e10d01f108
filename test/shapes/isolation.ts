/** Shapes of data read and written by several at once: the anomalies of weak isolation, and stale copies. */
import { type Shape, work } from "./lab.js";

export const readSkew: Shape = {
  name: "read-skew",
  fault: "A reader sees one account before a transfer and the other after it.",
  build(lab) {
    let [left, right] = [50, 50];
    let seen = 100;
    lab.task("reader", async (at) => {
      await work(at, "reader", 5);
      await at("database");
      const first = left;
      await at("database");
      seen = first + right;
      await work(at, "reader", 5);
    });
    lab.task("transfer", async (at) => {
      await work(at, "transfer", 11);
      await at("database");
      [left, right] = [left - 10, right + 10];
      await work(at, "transfer", 5);
    });
    return () => (seen === 100 ? undefined : `the reader saw ${seen}`);
  },
};

export const writeSkew: Shape = {
  name: "write-skew",
  fault: "Two doctors each see the other on call, and both leave.",
  build(lab) {
    const onCall = new Set(["a", "b"]);
    for (const [name, patients] of [
      ["a", 3],
      ["b", 9],
    ] as const) {
      lab.task(name, async (at) => {
        await work(at, name, patients);
        await at("rota");
        if (onCall.size < 2) return;
        await at(name);
        await at("rota");
        onCall.delete(name);
      });
    }
    return () => (onCall.size > 0 ? undefined : "nobody is on call");
  },
};

export const dirtyRead: Shape = {
  name: "dirty-read",
  fault: "A reader acts on a value that its writer takes back.",
  build(lab) {
    let value = "old";
    let acted = "";
    lab.task("writer", async (at) => {
      await work(at, "writer", 10);
      await at("database");
      value = "never committed";
      await at("writer");
      await at("database");
      value = "old";
      await work(at, "writer", 10);
    });
    lab.task("reader", async (at) => {
      await work(at, "reader", 2);
      await at("database");
      acted = value;
    });
    return () => (acted === "old" ? undefined : `acted on "${acted}"`);
  },
};

export const staleCache: Shape = {
  name: "stale-cache",
  fault: "A reader fills the cache with what it read before a write and its invalidation.",
  build(lab) {
    let stored = 1;
    let cached: number | undefined;
    lab.task("reader", async (at) => {
      await work(at, "reader", 2);
      await at("cache");
      if (cached !== undefined) return;
      await at("database");
      const read = stored;
      await at("cache");
      cached = read;
    });
    lab.task("writer", async (at) => {
      await work(at, "writer", 3);
      await at("database");
      stored = 2;
      await at("cache");
      cached = undefined;
    });
    return () => (cached === undefined || cached === stored ? undefined : "the cache is stale for good");
  },
};
