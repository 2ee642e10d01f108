/**
 * The events of all experiments, in the order of their places, while somebody listens.
 *
 * Messages say when to look; a poll looks when a message was lost. What is sent always comes from the database,
 * in order and without gaps, so no message has to be right. Nobody listening costs nothing.
 */
import type { Cache, Clock, Logger, SqlPool } from "../../ports/index.js";
import { errorText, eventsChannel } from "../../shared/index.js";
import {
  eventPageSize,
  findExperiment,
  lastEventPosition,
  readEventsAfter,
  sequenceEvents,
  type ExperimentEvent,
} from "../../store/index.js";
import { toEntry, type Entry } from "./messages.js";

export interface EventFeed {
  /** Begins to look. @param onAdvance - Called after `position` has moved. */
  start(onAdvance: () => void): void;
  stop(): void;
  /** Place of the newest event known; undefined until the first look. */
  readonly position: number | undefined;
  /** Place from which the first look began; undefined before. */
  readonly begin: number | undefined;
  /** Oldest event in memory. */
  readonly oldest: Entry | undefined;
  /** Events that follow a place, oldest first; at most a page. @throws Whatever the database throws. */
  after(position: number): Promise<readonly Entry[]>;
  /** The same, if they are in memory. */
  recent(position: number): readonly Entry[] | undefined;
  /** Place of the newest event there is, known or not. @throws Whatever the database throws. */
  last(): Promise<number>;
}

/** What a feed is made of. */
export interface EventFeedPorts {
  readonly clock: Clock;
  readonly sql: SqlPool;
  readonly cache: Cache;
  readonly logger: Logger;
  readonly options: { readonly eventPollMs: number; readonly eventsKept: number };
}

// The first look may come after an event that the first listener is waiting for.
const rewind = 64;

/** Creates a feed that sleeps. */
export function createEventFeed({ clock, sql, cache, logger, options }: EventFeedPorts): EventFeed {
  let position: number | undefined;
  let begin: number | undefined;
  let kept: Entry[] = [];
  // Counts starts: what an earlier one still has under way must not touch a later one.
  let incarnation = 0;
  let looking = false;
  let again = false;
  let unsubscribe = (): void => undefined;
  let cancelPoll = (): void => undefined;
  let advanced = (): void => undefined;

  async function toEntries(events: readonly ExperimentEvent[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const event of events) entries.push(toEntry(event, await findExperiment(sql, event.experiment_id)));
    return entries;
  }

  async function look(mine: number): Promise<void> {
    if (position === undefined) {
      const last = await lastEventPosition(sql);
      if (mine !== incarnation) return;
      position = Math.max(0, last - rewind);
      begin = position;
    }
    while ((await sequenceEvents(sql)) > 0) if (mine !== incarnation) return;
    for (;;) {
      if (mine !== incarnation || position === undefined) return;
      const events = await readEventsAfter(sql, position);
      const entries = await toEntries(events);
      const last = entries.at(-1);
      if (mine !== incarnation || last === undefined) return;
      kept.push(...entries);
      if (kept.length > options.eventsKept) kept = kept.slice(-options.eventsKept);
      position = last.position;
      advanced();
      if (entries.length < eventPageSize) return;
    }
  }

  async function lookAgainAndAgain(): Promise<void> {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    do {
      again = false;
      try {
        await look(incarnation);
      } catch (error) {
        logger.warn("events cannot be read, will look again", { error: errorText(error) });
      }
    } while (again);
    looking = false;
  }

  function poll(): void {
    void lookAgainAndAgain();
    cancelPoll = clock.setTimer(options.eventPollMs, "event-poll", poll);
  }

  return {
    start: (onAdvance) => {
      incarnation += 1;
      advanced = onAdvance;
      unsubscribe = cache.subscribe(eventsChannel, () => void lookAgainAndAgain());
      poll();
    },
    stop: () => {
      incarnation += 1;
      unsubscribe();
      cancelPoll();
      position = undefined;
      begin = undefined;
      kept = [];
    },
    get position() {
      return position;
    },
    get begin() {
      return begin;
    },
    get oldest() {
      return kept[0];
    },
    recent: (after) => {
      const first = kept[0];
      if (first === undefined || first.position > after + 1) return undefined;
      return kept.slice(Math.max(0, after + 1 - first.position));
    },
    last: () => lastEventPosition(sql),
    after: async (after) => toEntries(await readEventsAfter(sql, after)),
  };
}
