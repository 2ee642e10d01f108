import { expect, test } from "vitest";

import { createEventFeed } from "../../../../../src/gateway/live/event-feed.js";
import type { SqlPool } from "../../../../../src/ports/index.js";
import { insertExperiment } from "../../../../../src/store/index.js";
import { createSimulatedSql } from "../../../../support/simulated-sql.js";
import { createVirtualClock } from "../../support/virtual-clock.js";

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** A feed on the real statements, with a channel that the test speaks on. */
function open({ eventPollMs = 1_000, eventsKept = 100 } = {}) {
  const clock = createVirtualClock();
  const simulated = createSimulatedSql(clock);
  const warnings: unknown[] = [];
  const queries: string[] = [];
  /** Awaited before a statement of that name. */
  const gates = new Map<string, () => Promise<void>>();
  const sql: SqlPool = {
    ...simulated,
    query: async (statement, values) => {
      queries.push(statement.name);
      await gates.get(statement.name)?.();
      return simulated.query(statement, values);
    },
  };
  const listeners = new Set<() => void>();
  const feed = createEventFeed({
    clock,
    sql,
    cache: {
      subscribe: (_channel: string, listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } as never,
    logger: {
      debug: () => {},
      info: () => {},
      warn: (_message, fields) => void warnings.push(fields),
      error: () => {},
    },
    options: { eventPollMs, eventsKept },
  });
  let made = 0;
  async function make(count: number): Promise<void> {
    for (let times = 0; times < count; times++) {
      made += 1;
      await insertExperiment(simulated, {
        id: idOf(made),
        tenantId: "t-1",
        createdBy: "u-1",
        atMs: clock.now() + made,
        spec: {
          name: `e${made}`,
          description: "",
          baseline_pipeline: "a",
          candidate_pipeline: "b",
          target_nodes: [],
          config: {},
        } as never,
      });
    }
  }
  const advances: (number | undefined)[] = [];
  return {
    clock,
    feed,
    make,
    advances,
    warnings,
    queries,
    gates,
    listeners: () => listeners.size,
    start: () => feed.start(() => advances.push(feed.position)),
    async tell(): Promise<void> {
      for (const listener of listeners) listener();
      await clock.settle();
    },
    positions: (after: number) => feed.recent(after)?.map(({ position }) => position),
  };
}

/** A gate that is shut until the test opens it. */
function shut(): { readonly pass: () => Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { pass: () => opened, open: () => open() };
}

test("before it starts it knows nothing, asks nothing and listens to nothing", async () => {
  const { feed, clock, queries, listeners } = open();
  await clock.advance(60_000);
  expect([feed.position, feed.begin, feed.oldest, feed.recent(0)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([queries, listeners()]).toEqual([[], 0]);
});

test("what is there at the start is known after the first look, in order and without gaps", async () => {
  const { feed, make, start, clock, advances, positions } = open();
  await make(3);
  start();
  await clock.settle();
  expect([feed.position, feed.begin, feed.oldest?.position]).toEqual([3, 0, 1]);
  expect(advances).toEqual([3]);
  expect(positions(0)).toEqual([1, 2, 3]);
  expect(feed.recent(0)?.map(({ event, experiment }) => [event.type, experiment?.["name"]])).toEqual([
    ["created", "e1"],
    ["created", "e2"],
    ["created", "e3"],
  ]);
});

test("a message makes it look at once, and a poll when the message was lost", async () => {
  const { feed, make, start, tell, clock, advances } = open();
  start();
  await clock.settle();
  expect([feed.position, advances]).toEqual([0, []]);
  await make(1);
  await tell();
  expect(feed.position).toBe(1);
  await make(1);
  await clock.advance(999);
  expect(feed.position).toBe(1);
  await clock.advance(1);
  expect(feed.position).toBe(2);
  await make(1);
  await clock.advance(1_000);
  expect([feed.position, advances]).toEqual([3, [1, 2, 3]]);
});

test("more than a page is read page after page in one look", async () => {
  const { feed, make, start, clock, advances, positions } = open();
  await make(20);
  start();
  await clock.settle();
  expect(feed.position).toBe(20);
  expect(advances).toEqual([8, 16, 20]);
  expect(positions(15)).toEqual([16, 17, 18, 19, 20]);
});

test("a full page is followed by another look, which may find nothing", async () => {
  const { feed, make, start, clock, advances, queries } = open();
  await make(8);
  start();
  await clock.settle();
  expect([feed.position, advances]).toEqual([8, [8]]);
  expect(queries.filter((name) => name === "select-events-at")).toHaveLength(2);
});

test("it begins 64 places before the newest event", async () => {
  const first = open();
  await first.make(70);
  first.start();
  await first.clock.settle();
  first.feed.stop();
  first.start();
  await first.clock.settle();
  expect([first.feed.begin, first.feed.oldest?.position, first.feed.position]).toEqual([6, 7, 70]);
});

test("it keeps so many events, and says so when older ones are asked for", async () => {
  const { feed, make, start, clock, positions } = open({ eventsKept: 3 });
  await make(5);
  start();
  await clock.settle();
  expect(feed.oldest?.position).toBe(3);
  expect([positions(0), positions(1)]).toEqual([undefined, undefined]);
  expect(positions(2)).toEqual([3, 4, 5]);
  expect(positions(3)).toEqual([4, 5]);
  expect(positions(4)).toEqual([5]);
  expect(positions(5)).toEqual([]);
  expect((await feed.after(0)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
  expect(await feed.last()).toBe(5);
});

test("messages during a look make one more look, not one each", async () => {
  const { feed, make, start, tell, clock, gates, queries } = open();
  start();
  await clock.settle();
  const gate = shut();
  gates.set("select-events-at", gate.pass);
  await make(1);
  await tell();
  const before = queries.length;
  await make(1);
  for (let times = 0; times < 5; times++) await tell();
  expect(queries).toHaveLength(before);
  gates.clear();
  gate.open();
  await clock.settle();
  expect(feed.position).toBe(2);
  const afterwards = queries.length;
  await tell();
  const oneLook = queries.length - afterwards;
  expect(afterwards - before).toBeLessThanOrEqual(4 * oneLook);
});

test("stopped, it forgets everything, hears nothing and polls no more; started again, it begins anew", async () => {
  const { feed, make, start, tell, clock, queries, listeners, positions } = open();
  await make(2);
  start();
  await clock.settle();
  expect(listeners()).toBe(1);
  feed.stop();
  expect([feed.position, feed.begin, feed.oldest, positions(0)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(listeners()).toBe(0);
  const before = queries.length;
  await clock.advance(10_000);
  await tell();
  expect(queries).toHaveLength(before);
  start();
  await make(1);
  await clock.advance(1_000);
  expect([feed.position, positions(0)]).toEqual([3, [1, 2, 3]]);
});

test.each(["select-event-cursor", "select-unsequenced-events", "select-events-at"])(
  "a look that is under way when it stops, in %s, leaves nothing to the next start",
  async (name) => {
    const { feed, make, start, clock, gates, advances, positions } = open();
    await make(2);
    start();
    await clock.settle();
    feed.stop();
    const gate = shut();
    gates.set(name, gate.pass);
    start();
    await clock.settle();
    feed.stop();
    advances.length = 0;
    gates.clear();
    gate.open();
    await clock.settle();
    expect([feed.position, feed.begin, feed.oldest, advances]).toEqual([undefined, undefined, undefined, []]);
    start();
    await clock.advance(1_000);
    expect(positions(0)).toEqual([1, 2]);
  },
);

test("a database that fails is asked again at the next poll, and nothing is lost or told twice", async () => {
  const { feed, make, start, clock, gates, warnings, advances } = open();
  start();
  await clock.settle();
  feed.stop();
  gates.set("select-event-cursor", async () => {
    throw new Error("no database");
  });
  await make(2);
  start();
  await clock.advance(2_500);
  expect(feed.position).toBeUndefined();
  expect(warnings).toEqual(Array.from({ length: 3 }, () => ({ error: "no database" })));
  gates.clear();
  await clock.advance(500);
  expect([feed.position, advances]).toEqual([2, [2]]);
});
