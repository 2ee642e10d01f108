/** XINFO: what a stream, its groups and their consumers look like. */
import { subcommands, type CommandTable } from "../command.js";
import { array, fields, integer, NULL, RedisError, type RedisReply } from "../reply.js";
import { lagOf } from "../types/stream-lag.js";
import { formatId, idMin, type ConsumerGroup, type Stream } from "../types/stream.js";
import { replyEntry, requireStream } from "./streams.js";

const nodeEntries = 100;

function lagReply(stream: Stream, group: ConsumerGroup): RedisReply {
  const lag = lagOf(stream, group);
  return lag === null ? NULL : integer(lag);
}

function describeStream(stream: Stream): RedisReply {
  const first = stream.entries[0];
  const last = stream.entries.at(-1);
  const nodes = Math.ceil(stream.entries.length / nodeEntries);
  return fields({
    length: stream.entries.length,
    "radix-tree-keys": nodes,
    "radix-tree-nodes": nodes + 1,
    "last-generated-id": formatId(stream.lastId),
    "max-deleted-entry-id": formatId(stream.maxDeletedId),
    "entries-added": stream.entriesAdded,
    "recorded-first-entry-id": formatId(first?.id ?? idMin),
    groups: stream.groups.size,
    "first-entry": first === undefined ? NULL : replyEntry(first),
    "last-entry": last === undefined ? NULL : replyEntry(last),
  });
}

function describeGroups(stream: Stream): RedisReply {
  const rows = [...stream.groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return array(
    rows.map(([name, group]) =>
      fields({
        name,
        consumers: group.consumers.size,
        pending: group.pending.size,
        "last-delivered-id": formatId(group.lastId),
        "entries-read": group.entriesRead === null ? NULL : integer(group.entriesRead),
        lag: lagReply(stream, group),
      }),
    ),
  );
}

function describeConsumers(group: ConsumerGroup, now: number): RedisReply {
  const rows = [...group.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return array(
    rows.map(({ name, seenAt }) => {
      const pending = [...group.pending.values()].filter(({ consumer }) => consumer === name).length;
      return fields({ name, pending, idle: now - seenAt });
    }),
  );
}

const info = subcommands("xinfo", {
  stream: [
    -3,
    "",
    (context, args) => {
      if (args.length > 1) {
        throw new RedisError(
          "ERR SIM_UNSUPPORTED XINFO STREAM FULL: the simulated Redis has the short form only",
        );
      }
      return describeStream(requireStream(context, args[0]));
    },
  ],
  groups: [3, "", (context, args) => describeGroups(requireStream(context, args[0]))],
  consumers: [
    4,
    "",
    (context, args) => {
      const group = requireStream(context, args[0]).groups.get(args[1]);
      if (group === undefined) {
        throw new RedisError(`NOGROUP No such consumer group '${args[1]}' for key name '${args[0]}'`);
      }
      return describeConsumers(group, context.now);
    },
  ],
});

export const streamInfoCommands: CommandTable = { xinfo: [-2, "", info] };
