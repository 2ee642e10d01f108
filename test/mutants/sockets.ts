/** WebSockets that tell too much, too little, or in the wrong order. */
import { createEventFeed } from "../../src/gateway/live/index.js";
import type { ServerSocket } from "../../src/ports/index.js";
import type { ServicePorts } from "../../sim/world/cluster/index.js";
import type { Mutant } from "./mutant.js";

type Feed = ReturnType<typeof createEventFeed>;
type Entry = Awaited<ReturnType<Feed["after"]>>[number];

function feed(change: (entry: Entry, index: number) => Entry): Mutant["platform"] {
  return {
    gateway: {
      parts: ({ clock, sql, cache, logger }: ServicePorts) => {
        const options = { eventPollMs: 5_000, eventsKept: 1_024 };
        const inner = createEventFeed({ clock, sql, cache, logger, options });
        return {
          feed: {
            start: inner.start,
            stop: inner.stop,
            last: inner.last,
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

/** @returns A platform whose gateways hear and tell through `change`, made anew for each socket. */
function socket(change: (inner: ServerSocket) => Partial<ServerSocket>): Mutant["platform"] {
  return {
    gateway: {
      socket: (inner) => ({
        get bufferedAmount() {
          return inner.bufferedAmount;
        },
        send: (text) => inner.send(text),
        close: (code, reason) => inner.close(code, reason),
        onMessage: (listener) => inner.onMessage(listener),
        onClose: (listener) => inner.onClose(listener),
        ...change(inner),
      }),
    },
  };
}

const told = '"type":"experiment.update"';

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
  {
    name: "only-the-first-of-a-batch",
    wrong: "of several events that come at once only the first is told",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: feed((entry, index) =>
      index > 0 ? { ...entry, event: { ...entry.event, tenant_id: "nobody" } } : entry,
    ),
  },
  {
    name: "slow-clients-lose-frames",
    wrong: "what a slow client cannot take is dropped",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: socket((inner) => ({
      send: (text) => {
        if (inner.bufferedAmount < 8_000) inner.send(text);
      },
    })),
  },
  {
    name: "since-is-ignored",
    wrong: "a client that comes back is told only what happens from now on",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: socket((inner) => ({
      onMessage: (listener) => inner.onMessage((text) => listener(text.replace(/,"since":\d+/, ""))),
    })),
  },
  {
    name: "two-events-in-one-frame",
    shows: "always",
    wrong: "waiting events are joined by line breaks into one frame",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: socket((inner) => {
      let waiting = "";
      return {
        send: (text) => {
          if (!text.includes(told)) return inner.send(text);
          waiting = waiting === "" ? text : `${waiting}\n${text}`;
          if (!waiting.includes("\n")) return undefined;
          inner.send(waiting);
          waiting = "";
        },
      };
    }),
  },
  {
    name: "topics-of-all-are-ignored",
    shows: "always",
    wrong: "only subscriptions to single experiments are told",
    caughtBy: ["invariant/socket-order", "convergence/socket-order"],
    platform: socket((inner) => ({
      send: (text) => {
        if (!text.includes(told)) inner.send(text);
      },
    })),
  },
  {
    name: "no-poll",
    wrong: "gateways wait for messages and never look themselves",
    caughtBy: ["convergence/socket-order"],
    platform: { gateway: { options: { eventPollMs: 1_000_000_000 } } },
  },
];
