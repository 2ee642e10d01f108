/** A drop-in for `fc.scheduler()`: the same interface, with the strategies of this package, and it shrinks. */
import {
  Arbitrary,
  type Random,
  type Scheduler,
  type SchedulerConstraints,
  type Stream,
  Value,
} from "fast-check";

import { type Schedule, type SchedulesOptions, schedules } from "./schedules.js";
import { createTaskScheduler } from "./task-scheduler.js";

/**
 * In place of `fc.scheduler()`. Tasks that are scheduled while another runs count as its continuation, so that
 * priorities and weights go to whole pieces of work. Where fast-check only draws another order, this one comes
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
