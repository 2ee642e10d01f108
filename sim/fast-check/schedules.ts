/** An arbitrary of schedules: who answers the questions of a world, as a value that shrinks. */
import { Arbitrary, type Random, type Stream, Value, stream, toStringMethod } from "fast-check";

import { SimError } from "../errors.js";
import { type Deviation, type Driver, replayDriver } from "../kernel/index.js";
import { type Strategy, emptyFeedback, portfolioMembers } from "../strategies/index.js";

/** The schedule of one run. */
export interface Schedule {
  /** For `createPhoenix({ seed, driver })`; ids are drawn from it. */
  readonly seed: number;
  /** A new driver that gives the same answers each time: take one for each world. */
  driver(): Driver;
  /** Answers other than the default that the first world asked for; empty before it ran. */
  readonly deviations: readonly Deviation[];
  /** Text that `schedules({ replay })` takes. */
  toString(): string;
}

export interface SchedulesOptions {
  /** The text of a schedule from a failed run: only this schedule is generated. @default none */
  readonly replay?: string;
}

/**
 * Schedules from every strategy in turn. A schedule that failed shrinks by what its world really asked for:
 * whole parts of its deviations go first, then single ones, then their values come down.
 *
 * fast-check's own `path` cannot know what a world asked for; give the printed text as `replay` instead.
 *
 * @throws SimError `SIM_OPTION_INVALID` when `replay` is not the text of a schedule.
 */
export function schedules({ replay }: SchedulesOptions = {}): Arbitrary<Schedule> {
  return new ScheduleArbitrary(replay === undefined ? undefined : parse(replay));
}

interface Recorded extends Schedule {
  readonly smaller: () => Iterable<readonly Deviation[]>;
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
  for (const deviations of schedule.smaller()) {
    const smaller = recorded(schedule.seed, deviations);
    yield new Value<Schedule>(smaller, smaller);
  }
}

function searching(strategy: Strategy, seed: number): Recorded {
  // Random is always there; the type only allows for searches that come to an end.
  const make = (): Driver => strategy.driverFor({ run: 0, seed }, emptyFeedback) ?? replayDriver(seed, []);
  return createSchedule(seed, make);
}

function recorded(seed: number, deviations: readonly Deviation[]): Recorded {
  return createSchedule(seed, () => replayDriver(seed, deviations));
}

function createSchedule(seed: number, make: () => Driver): Recorded {
  const deviations: Deviation[] = [];
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
        if (value !== 0) deviations.push({ kind, label, occurrence, value });
        return value;
      },
    };
  }

  const text = (): string => `${seed} ${JSON.stringify(deviations.map(pack))}`;
  const schedule = { seed, driver, deviations, smaller: () => smallerThan(deviations), toString: text };
  return Object.assign(schedule, { [toStringMethod]: text });
}

// What fast-check takes first is what shrinks most: nothing at all, then no faults, then ever smaller pieces.
function* smallerThan(all: readonly Deviation[]): Iterable<readonly Deviation[]> {
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

type Packed = readonly [Deviation["kind"], string, number, number];

function pack({ kind, label, occurrence, value }: Deviation): Packed {
  return [kind, label, occurrence, value];
}

function parse(text: string): Recorded {
  const match = /^(-?\d+) (\[.*\])$/s.exec(text.trim());
  try {
    const rows = JSON.parse(match?.[2] ?? "") as readonly Packed[];
    const deviations = rows.map(([kind, label, occurrence, value]) => ({ kind, label, occurrence, value }));
    return recorded(Number(match?.[1]), deviations);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot replay ${JSON.stringify(text)}: it is not the text of a schedule.`,
      "Copy what the failed run printed for the schedule: its seed and a list.",
      { cause: error },
    );
  }
}
