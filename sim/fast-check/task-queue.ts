/** Promises that wait for their turn, and the question which of them is next. */
import { type SchedulerAct, type SchedulerReportItem, stringify } from "fast-check";

import { type Candidate, type Strand, createChoiceLog, createStrands } from "../kernel/index.js";
import type { Schedule } from "./schedules.js";

/** What is known of a task before it runs. */
export interface TaskInfo<TMetaData> {
  readonly type: SchedulerReportItem["schedulingType"];
  readonly label: string;
  readonly metadata?: TMetaData | undefined;
  readonly act?: SchedulerAct | undefined;
  /** The piece of work that it belongs to. @default that of the task which runs now, or a new one */
  readonly strand?: Strand;
}

interface Task<TMetaData> extends Candidate {
  readonly info: TaskInfo<TMetaData>;
  /** Lets it go on. @returns When it is done, whatever came of it. */
  readonly release: () => Promise<void>;
}

export interface TaskQueue<TMetaData> {
  readonly pending: number;
  /** Adds a task. @returns What `start` gives, once it was the task's turn. */
  add<T>(info: TaskInfo<TMetaData>, start: () => Promise<T>): Promise<T>;
  /** A piece of work of its own, for tasks that follow each other. */
  newStrand(label: string): Strand;
  /** Releases one task, chosen by the schedule, and waits until it is done. @throws Error when there is none. */
  release(): Promise<void>;
  /** Settles when the next task is added. */
  nextAdded(): Promise<void>;
  /** Every task: the finished ones in the order in which they ended, then those that wait. */
  report(): SchedulerReportItem<TMetaData>[];
}

export function createTaskQueue<TMetaData>(schedule: Schedule): TaskQueue<TMetaData> {
  const choices = createChoiceLog(schedule.driver());
  const strands = createStrands();
  const pending: Task<TMetaData>[] = [];
  const finished: SchedulerReportItem<TMetaData>[] = [];
  let wakers: (() => void)[] = [];
  let lastId = 0;

  function finish(
    id: number,
    info: TaskInfo<TMetaData>,
    status: "resolved" | "rejected",
    output: unknown,
  ): void {
    const value = output === undefined ? {} : { outputValue: stringify(output) };
    finished.push(Object.assign(itemOf(id, info, status), value));
  }

  async function add<T>(info: TaskInfo<TMetaData>, start: () => Promise<T>): Promise<T> {
    lastId += 1;
    const sequence = lastId;
    const { label, strand = strands.next("task", "", label) } = info;
    const place = strand.length - 1;
    const settled = new Promise<T>((resolve, reject) => {
      const release = async (): Promise<void> =>
        start().then(
          (value) => {
            finish(sequence, info, "resolved", value);
            resolve(value);
          },
          (error: unknown) => {
            finish(sequence, info, "rejected", error);
            reject(error);
          },
        );
      pending.push({ info, label, strand, place, sequence, owner: undefined, release });
    });
    const waking = wakers;
    wakers = [];
    for (const wake of waking) wake();
    return settled;
  }

  return {
    get pending() {
      return pending.length;
    },
    add,
    newStrand: (label) => strands.next("task", "", label),
    async release() {
      const [oldest] = pending;
      if (oldest === undefined) throw new Error("No task is scheduled.");
      const index = choices.choose("order", `order/${oldest.label}`, pending.length, pending);
      const [task = oldest] = pending.splice(index, 1);
      strands.enter(task.strand, "task");
      await (task.info.act === undefined ? task.release() : task.info.act(task.release));
      strands.enter(undefined, "task");
    },
    nextAdded: async () => new Promise((resolve) => wakers.push(resolve)),
    report: () => [...finished, ...pending.map(({ sequence, info }) => itemOf(sequence, info, "pending"))],
  };
}

function itemOf<TMetaData>(
  taskId: number,
  { type, label, metadata }: TaskInfo<TMetaData>,
  status: SchedulerReportItem["status"],
): SchedulerReportItem<TMetaData> {
  const item = { status, schedulingType: type, taskId, label };
  return metadata === undefined ? item : { ...item, metadata };
}
