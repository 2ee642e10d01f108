import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createIoredisConnector, createRedisServer } from "../../../../../sim/servers/redis/index.js";

test("bullmq passes a job from a queue to a worker and back", async () => {
  // bullmq waits on its own timers too, so this one test runs on the machine's clock.
  const clock = {
    now: () => Date.now(),
    setTimer: (delayMs: number, _label: string, run: () => void) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
  const server = createRedisServer({ clock });
  const Connector = createIoredisConnector(() => server.connectStream());
  const open = (): Redis => new Redis({ Connector, maxRetriesPerRequest: null });
  const [queueConnection, workerConnection] = [open(), open()];
  const queue = new Queue<{ left: number; right: number }, number>("sums", { connection: queueConnection });
  const worker = new Worker<{ left: number; right: number }, number>(
    "sums",
    async (job) => job.data.left + job.data.right,
    { connection: workerConnection },
  );
  const done = new Promise<number>((resolve, reject) => {
    worker.on("completed", (_job, result) => resolve(result));
    worker.on("failed", (_job, problem) => reject(problem));
  });
  await queue.add("add", { left: 2, right: 3 });
  expect(await done).toBe(5);
  expect(await queue.getJobCounts("completed", "failed", "waiting")).toEqual({
    completed: 1,
    failed: 0,
    waiting: 0,
  });
  await worker.close();
  await queue.close();
  queueConnection.disconnect();
  workerConnection.disconnect();
  server.dispose();
});
