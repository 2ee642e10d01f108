/**
 * The scheduler behind scheduler.ts.
 *
 * No virtual time: as with `fc.scheduler()`, only the order is decided.
 */
import {
  type Scheduler,
  type SchedulerAct,
  type SchedulerConstraints,
  type SchedulerReportItem,
  type SchedulerSequenceItem,
  cloneMethod,
  stringify,
} from "fast-check";

import type { Schedule } from "./schedules.js";
import { type TaskQueue, createTaskQueue } from "./task-queue.js";

type Waits<TMetaData> = Pick<
  Scheduler<TMetaData>,
  "waitOne" | "waitAll" | "waitNext" | "waitIdle" | "waitFor"
>;

/** How many promise jobs code gets to settle, or to schedule more, before the next task is released. */
const settlingTicks = 50;
const plainAct: SchedulerAct = async (run) => run();

/** @returns A scheduler that fast-check clones for each run, always with the same schedule. */
export function createTaskScheduler<TMetaData>(
  schedule: Schedule,
  outerAct: SchedulerConstraints["act"],
): Scheduler<TMetaData> {
  const queue = createTaskQueue<TMetaData>(schedule);
  const scheduler: Scheduler<TMetaData> = {
    schedule: async (task, label = "", metadata, act) =>
      queue.add({ type: "promise", label, metadata, act }, async () => task),
    scheduleFunction:
      (work, act) =>
      async (...args) => {
        const started = work(...args);
        const label = `${work.name}(${args.map(stringify).join(",")})`;
        return queue.add({ type: "function", label, act }, async () => started);
      },
    scheduleSequence(items, act) {
      const status = { done: false, faulty: false };
      const end = (how: "done" | "faulty") => (): { done: boolean; faulty: boolean } => {
        status[how] = true;
        return { done: status.done, faulty: status.faulty };
      };
      const task = runSequence(queue, items, act).then(end("done"), end("faulty"));
      return Object.assign(status, { task });
    },
    count: () => queue.pending,
    report: queue.report,
    ...createWaits(queue, outerAct),
  };
  return Object.assign(scheduler, {
    [cloneMethod]: () => createTaskScheduler<TMetaData>(schedule, outerAct),
    // The form of fc.schedulerFor, so that the order can be pasted there too.
    toString: () => `schedulerFor()\`\n${queue.report().map(formatItem).join("\n")}\``,
  });
}

async function runSequence<TMetaData>(
  queue: TaskQueue<TMetaData>,
  items: readonly SchedulerSequenceItem<TMetaData>[],
  act: SchedulerAct | undefined,
): Promise<void> {
  const strand = queue.newStrand("sequence");
  for (const [index, item] of items.entries()) {
    const { builder, label, metadata } =
      typeof item === "function" ? { builder: item, label: item.name, metadata: undefined } : item;
    if (index > 0) strand.length += 1;
    await queue.add({ type: "sequence", label, metadata, act, strand }, async () => {
      await builder();
    });
  }
}

function createWaits<TMetaData>(
  queue: TaskQueue<TMetaData>,
  outerAct: SchedulerConstraints["act"],
): Waits<TMetaData> {
  let last: Promise<unknown> = Promise.resolve();

  // One task after the other, even when several waits are under way.
  async function turn(act: SchedulerAct = plainAct, required = false): Promise<void> {
    const mine = last.then(async () => {
      if (queue.pending > 0 || required) await outerAct(async () => act(queue.release));
    });
    last = mine.catch(() => {});
    return mine;
  }

  async function settle(enough: () => boolean = () => false): Promise<void> {
    for (let ticks = 0; ticks < settlingTicks && !enough(); ticks++) await Promise.resolve();
  }

  return {
    waitOne: async (act) => turn(act, true),
    async waitAll(act) {
      while (queue.pending > 0) await turn(act);
    },
    async waitNext(count, act) {
      for (let left = count; left > 0; left--) {
        while (queue.pending === 0) await queue.nextAdded();
        await turn(act, true);
        await settle();
      }
    },
    async waitIdle(act) {
      await settle();
      while (queue.pending > 0) {
        await turn(act);
        await settle();
      }
    },
    async waitFor(promise, act) {
      const state = { settled: false };
      const noted = promise.then(
        () => (state.settled = true),
        () => (state.settled = true),
      );
      await settle(() => state.settled);
      while (!state.settled) {
        if (queue.pending > 0) await turn(act);
        else await Promise.race([noted, queue.nextAdded()]);
        await settle(() => state.settled);
      }
      return promise;
    },
  };
}

function formatItem({ taskId, schedulingType, label, status, outputValue }: SchedulerReportItem): string {
  const name = label === "" ? schedulingType : `${schedulingType}::${label}`;
  const value = outputValue === undefined ? "" : ` with value ${outputValue.replaceAll(/[\\`$]/g, "\\$&")}`;
  return `-> [task\${${taskId}}] ${name} ${status}${value}`;
}
