/** SUBSCRIBE and its family. One command may confirm several channels: all but the last confirmation are pushed. */
import type { Args, CommandTable, Context } from "../command.js";
import { subcommands } from "../command.js";
import { matchesGlob } from "../glob.js";
import { array, bulk, bulks, integer, NULL, RedisError, type RedisReply } from "../reply.js";
import type { SubscriptionKind } from "../pubsub.js";

function answerAll({ session }: Context, replies: readonly RedisReply[]): RedisReply {
  for (const reply of replies.slice(0, -1)) session.push(reply);
  return replies.at(-1) ?? NULL;
}

function subscribe(kind: SubscriptionKind): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const { core, session } = context;
    if (!context.mayBlock) {
      const name = kind === "channel" ? "SUBSCRIBE" : "PSUBSCRIBE";
      throw new RedisError(`ERR ${name} isn't allowed for a DENY BLOCKING client`);
    }
    return answerAll(
      context,
      args.map((name) => core.pubsub.subscribe(session, kind, name)),
    );
  };
}

function unsubscribe(kind: SubscriptionKind): (context: Context, args: Args) => RedisReply {
  return (context, args) => answerAll(context, context.core.pubsub.unsubscribe(context.session, kind, args));
}

const inspect = subcommands("pubsub", {
  channels: [
    -2,
    "",
    ({ core }, args) => {
      const names = core.pubsub.names("channel");
      return bulks(args.length === 0 ? names : names.filter((name) => matchesGlob(args[0], name)));
    },
  ],
  numsub: [
    -2,
    "",
    ({ core }, args) =>
      array(args.flatMap((name) => [bulk(name), integer(core.pubsub.subscribers("channel", name))])),
  ],
  numpat: [2, "", ({ core }) => integer(core.pubsub.names("pattern").length)],
});

export const pubsubCommands: CommandTable = {
  subscribe: [-2, "ps", subscribe("channel")],
  psubscribe: [-2, "ps", subscribe("pattern")],
  unsubscribe: [-1, "ps", unsubscribe("channel")],
  punsubscribe: [-1, "ps", unsubscribe("pattern")],
  publish: [3, "", ({ core }, args) => integer(core.pubsub.publish(args[0], args[1]))],
  pubsub: [-2, "", inspect],
};
