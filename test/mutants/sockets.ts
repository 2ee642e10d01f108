/** WebSockets that tell too much, too little, or in the wrong order. */
import { createEventFeed } from "../../src/gateway/live/index.js";
import type { ServicePorts } from "../../sim/services/index.js";
import type { Mutant } from "./mutant.js";

type Feed = ReturnType<typeof createEventFeed>;
type Entry = Awaited<ReturnType<Feed["after"]>>[number];

function feed(change: (entry: Entry) => Entry): Mutant["platform"] {
  return {
    gateway: {
      parts: ({ clock, sql, cache, logger }: ServicePorts) => {
        const options = { eventPollMs: 5_000, eventsKept: 1_024 };
        const inner = createEventFeed({ clock, sql, cache, logger, options });
        return {
          feed: {
            start: inner.start,
            stop: inner.stop,
            get position() {
              return inner.position;
            },
            get begin() {
              return inner.begin;
            },
            get oldest() {
              return inner.oldest;
            },
            after: async (position: number) => (await inner.after(position)).map(change),
            recent: (position: number) => inner.recent(position)?.map(change),
          },
        };
      },
    },
  };
}

export const socketMutants: readonly Mutant[] = [
  {
    name: "frames-are-dropped",
    shows: "always",
    wrong: "every third event is silently not told",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: feed((entry) =>
      entry.event.seq === 3 ? { ...entry, event: { ...entry.event, tenant_id: "nobody" } } : entry,
    ),
  },
  {
    name: "pending-is-not-told",
    shows: "always",
    wrong: "the first event of an experiment is lost",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: feed((entry) =>
      entry.event.seq === 1 ? { ...entry, event: { ...entry.event, tenant_id: "nobody" } } : entry,
    ),
  },
  {
    name: "stale-states-are-told",
    shows: "always",
    wrong: "an event carries the state before it",
    caughtBy: ["invariant/socket-order"],
    platform: feed((entry) => ({
      ...entry,
      event: { ...entry.event, to_state: entry.event.from_state ?? entry.event.to_state },
    })),
  },
  {
    name: "told-before-it-happened",
    shows: "always",
    wrong: "an event is told under the number of the next one",
    caughtBy: ["invariant/socket-order"],
    platform: feed((entry) => ({ ...entry, event: { ...entry.event, seq: entry.event.seq + 1 } })),
  },
  {
    name: "frames-to-every-tenant",
    shows: "always",
    wrong: "sockets are told of experiments of other tenants",
    caughtBy: ["invariant/tenant-isolation"],
    platform: feed((entry) => ({ ...entry, event: { ...entry.event, tenant_id: "tenant1" } })),
  },
];
