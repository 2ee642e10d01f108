/** An arbitrary of schedules: who answers the questions of a world, as a value that shrinks. */
import {
  Arbitrary,
  Value,
  cloneMethod,
  stream,
  stringify,
  toStringMethod,
  type Random,
  type Scheduler,
  type SchedulerAct,
  type SchedulerConstraints,
  type SchedulerReportItem,
  type SchedulerSequenceItem,
  type Stream,
} from "fast-check";

import { SimError } from "../errors.js";
import { emptyFeedback, portfolioMembers, type Strategy } from "../explore/strategies/index.js";
import {
  createChoiceLog,
  createTasks,
  replayDriver,
  type Candidate,
  type Decision,
  type Driver,
  type Task,
} from "../kernel/index.js";

/** The schedule of one run. */
export interface Schedule {
  /** For `createPhoenix({ seed, driver })`; ids are sampled from it. */
  readonly seed: number;
  /** A new driver that gives the same answers each time: take one for each world. */
  driver(): Driver;
  /** Answers other than the default that the first world asked for; empty before it ran. */
  readonly decisions: readonly Decision[];
  /** Text that `schedules({ replay })` takes. */
  toString(): string;
}

export interface SchedulesOptions {
  /** The text of a schedule from a failed run: only this schedule is generated. @default none */
  readonly replay?: string;
}

/**
 * Schedules from every strategy in turn. A schedule that failed shrinks by what its world really asked for:
 * whole parts of its decisions go first, then single ones, then their values come down.
 *
 * fast-check's own `path` cannot know what a world asked for; give the printed text as `replay` instead.
 *
 * @throws SimError `SIM_OPTION_INVALID` when `replay` is not the text of a schedule.
 */
export function schedules({ replay }: SchedulesOptions = {}): Arbitrary<Schedule> {
  return new ScheduleArbitrary(replay === undefined ? undefined : parse(replay));
}

interface Recorded extends Schedule {
  readonly smaller: () => Iterable<readonly Decision[]>;
}

class ScheduleArbitrary extends Arbitrary<Schedule> {
  readonly #fixed: Recorded | undefined;
  readonly #members = portfolioMembers().filter(({ name }) => name !== "mutation");

  constructor(fixed: Recorded | undefined) {
    super();
    this.#fixed = fixed;
  }

  override generate(random: Random): Value<Schedule> {
    const seed = random.nextInt(0, 0x7fffffff);
    const strategy = this.#members[random.nextInt(0, this.#members.length - 1)];
    const schedule = this.#fixed ?? (strategy === undefined ? recorded(seed, []) : searching(strategy, seed));
    return new Value(schedule, schedule);
  }

  override canShrinkWithoutContext(value: unknown): value is Schedule {
    return typeof value === "object" && value !== null && "smaller" in value;
  }

  override shrink(value: Schedule): Stream<Value<Schedule>> {
    return stream(shrunk(value as Recorded));
  }
}

function* shrunk(schedule: Recorded): IterableIterator<Value<Schedule>> {
  for (const decisions of schedule.smaller()) {
    const smaller = recorded(schedule.seed, decisions);
    yield new Value<Schedule>(smaller, smaller);
  }
}

function searching(strategy: Strategy, seed: number): Recorded {
  // Random is always there; the type only allows for searches that come to an end.
  const make = (): Driver => strategy.driverFor({ run: 0, seed }, emptyFeedback) ?? replayDriver(seed, []);
  return createSchedule(seed, make);
}

function recorded(seed: number, decisions: readonly Decision[]): Recorded {
  return createSchedule(seed, () => replayDriver(seed, decisions));
}

function createSchedule(seed: number, make: () => Driver): Recorded {
  const decisions: Decision[] = [];
  let drivers = 0;

  // The first world decides what is shrunk: later ones may run other data of the test, which may well pass.
  function driver(): Driver {
    const inner = make();
    drivers += 1;
    if (drivers > 1) return inner;
    return {
      entropy: inner.entropy,
      choose(point) {
        const value = inner.choose(point);
        const { kind, label, occurrence } = point;
        if (value !== 0) decisions.push({ kind, label, occurrence, value });
        return value;
      },
    };
  }

  const text = (): string => `${seed} ${JSON.stringify(decisions.map(pack))}`;
  const schedule = { seed, driver, decisions, smaller: () => smallerThan(decisions), toString: text };
  return Object.assign(schedule, { [toStringMethod]: text });
}

// What fast-check takes first is what shrinks most: nothing at all, then no faults, then ever smaller pieces.
function* smallerThan(all: readonly Decision[]): Iterable<readonly Decision[]> {
  if (all.length === 0) return;
  yield [];
  const withoutFaults = all.filter(({ kind }) => kind !== "fault");
  if (withoutFaults.length > 0 && withoutFaults.length < all.length) yield withoutFaults;
  for (let size = all.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < all.length; from += size) {
      const rest = [...all.slice(0, from), ...all.slice(from + size)];
      if (rest.length > 0) yield rest;
    }
  }
  for (const [index, { value }] of all.entries()) {
    if (value > 1) yield all.map((each, at) => (at === index ? { ...each, value: value >> 1 } : each));
  }
}

type Packed = readonly [Decision["kind"], string, number, number];

function pack({ kind, label, occurrence, value }: Decision): Packed {
  return [kind, label, occurrence, value];
}

function parse(text: string): Recorded {
  const match = /^(-?\d+) (\[.*\])$/s.exec(text.trim());
  try {
    const rows = JSON.parse(match?.[2] ?? "") as readonly Packed[];
    const decisions = rows.map(([kind, label, occurrence, value]) => ({ kind, label, occurrence, value }));
    return recorded(Number(match?.[1]), decisions);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot replay ${JSON.stringify(text)}: it is not the text of a schedule.`,
      "Copy what the failed run printed for the schedule: its seed and a list.",
      { cause: error },
    );
  }
}

// Promises that wait for their turn, and the question which of them is next.

/** What is known of a task before it runs. */
interface TaskInfo<TMetaData> {
  readonly type: SchedulerReportItem["schedulingType"];
  readonly label: string;
  readonly metadata?: TMetaData | undefined;
  readonly act?: SchedulerAct | undefined;
  /** The piece of work that it belongs to. @default that of the task which runs now, or a new one */
  readonly task?: Task;
}

interface ScheduledTask<TMetaData> extends Candidate {
  readonly info: TaskInfo<TMetaData>;
  /** Lets it go on. @returns When it is done, whatever came of it. */
  readonly release: () => Promise<void>;
}

interface TaskQueue<TMetaData> {
  readonly pending: number;
  /** Adds a task. @returns What `start` gives, once it was the task's turn. */
  add<T>(info: TaskInfo<TMetaData>, start: () => Promise<T>): Promise<T>;
  /** A piece of work of its own, for tasks that follow each other. */
  newTask(label: string): Task;
  /** Releases one task, chosen by the schedule, and waits until it is done. @throws Error when there is none. */
  release(): Promise<void>;
  /** Settles when the next task is added. */
  nextAdded(): Promise<void>;
  /** Every task: the finished ones in the order in which they ended, then those that wait. */
  report(): SchedulerReportItem<TMetaData>[];
}

function createTaskQueue<TMetaData>(schedule: Schedule): TaskQueue<TMetaData> {
  const choices = createChoiceLog(schedule.driver());
  const tasks = createTasks();
  const pending: ScheduledTask<TMetaData>[] = [];
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
    const { label, task = tasks.next("task", "", label) } = info;
    const place = task.length - 1;
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
      pending.push({ info, label, task, place, sequence, owner: undefined, release });
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
    newTask: (label) => tasks.next("task", "", label),
    async release() {
      const [oldest] = pending;
      if (oldest === undefined) throw new Error("No task is scheduled.");
      const index = choices.choose("order", `order/${oldest.label}`, pending.length, pending);
      const [scheduled = oldest] = pending.splice(index, 1);
      tasks.enter(scheduled.task, "task");
      await (scheduled.info.act === undefined ? scheduled.release() : scheduled.info.act(scheduled.release));
      tasks.enter(undefined, "task");
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

// The scheduler behind scheduler.ts.
//
// No virtual time: as with `fc.scheduler()`, only the order is decided.

type Waits<TMetaData> = Pick<
  Scheduler<TMetaData>,
  "waitOne" | "waitAll" | "waitNext" | "waitIdle" | "waitFor"
>;

/** How many promise jobs code gets to settle, or to schedule more, before the next task is released. */
const settlingTicks = 50;
const plainAct: SchedulerAct = async (run) => run();

/** @returns A scheduler that fast-check clones for each run, always with the same schedule. */
function createTaskScheduler<TMetaData>(
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
  const task = queue.newTask("sequence");
  for (const [index, item] of items.entries()) {
    const { builder, label, metadata } =
      typeof item === "function" ? { builder: item, label: item.name, metadata: undefined } : item;
    if (index > 0) task.length += 1;
    await queue.add({ type: "sequence", label, metadata, act, task }, async () => {
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

// A drop-in for `fc.scheduler()`: the same interface, with the strategies of this package, and it shrinks.

/**
 * In place of `fc.scheduler()`. Tasks that are scheduled while another runs count as its continuation, so that
 * priorities and weights go to whole pieces of work. Where fast-check only samples another order, this one comes
 * down to the fewest swaps that still fail.
 */
export function scheduler<TMetaData = unknown>(
  constraints: Partial<SchedulerConstraints> & SchedulesOptions = {},
): Arbitrary<Scheduler<TMetaData>> {
  return new SchedulerArbitrary<TMetaData>(constraints);
}

class SchedulerArbitrary<TMetaData> extends Arbitrary<Scheduler<TMetaData>> {
  readonly #schedules: Arbitrary<Schedule>;
  readonly #act: SchedulerConstraints["act"];

  constructor({ act = async (run) => run(), ...options }: Partial<SchedulerConstraints> & SchedulesOptions) {
    super();
    this.#schedules = schedules(options);
    this.#act = act;
  }

  override generate(random: Random, biasFactor: number | undefined): Value<Scheduler<TMetaData>> {
    return this.#wrap(this.#schedules.generate(random, biasFactor).value);
  }

  override canShrinkWithoutContext(value: unknown): value is Scheduler<TMetaData> {
    return value === undefined && false;
  }

  override shrink(_value: Scheduler<TMetaData>, context: unknown): Stream<Value<Scheduler<TMetaData>>> {
    return this.#schedules.shrink(context as Schedule, context).map(({ value }) => this.#wrap(value));
  }

  #wrap(schedule: Schedule): Value<Scheduler<TMetaData>> {
    return new Value(createTaskScheduler<TMetaData>(schedule, this.#act), schedule);
  }
}
