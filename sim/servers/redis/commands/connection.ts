/** Commands about the connection itself. */
import {
  subcommands,
  type Args,
  type CommandTable,
  type Context,
  type Core,
  type SessionState,
} from "../command.js";
import { readInteger } from "../numbers.js";
import {
  NULL_ARRAY,
  OK,
  RedisError,
  array,
  bulk,
  bulks,
  error,
  fields,
  flag,
  integer,
  simple,
  syntaxError,
  verbatim,
  type RedisReply,
} from "../reply.js";
import { leaveTransaction } from "./transactions.js";

/** @throws RedisError when there is no database of that number. */
export function readDatabaseIndex(core: Core, text: string): number {
  const index = readInteger(text);
  if (index < 0 || index >= core.databases.length) throw new RedisError("ERR DB index is out of range");
  return index;
}

function ping(context: Context, args: Args): RedisReply {
  if (args.length > 1) throw new RedisError("ERR wrong number of arguments for 'ping' command");
  const { core, session } = context;
  if (session.protocol === 2 && core.pubsub.count(session) > 0) return bulks(["pong", args[0] ?? ""]);
  return args.length === 0 ? simple("PONG") : bulk(args[0]);
}

function hello(context: Context, args: Args): RedisReply {
  const { session } = context;
  let { protocol, name } = session;
  if (args.length > 0) {
    const version = readInteger(args[0], "ERR Protocol version is not an integer or out of range");
    if (version !== 2 && version !== 3) throw new RedisError("NOPROTO unsupported protocol version");
    protocol = version;
  }
  for (let index = 1; index < args.length; index += 2) {
    const word = (args[index] ?? "").toUpperCase();
    if (word === "SETNAME" && index + 1 < args.length) name = checkName(args[index + 1] ?? "");
    else if (word === "AUTH" && index + 2 < args.length) {
      logIn(args[index + 1] ?? "");
      index += 1;
    } else throw new RedisError(`ERR Syntax error in HELLO option '${args[index] ?? ""}'`);
  }
  Object.assign(session, { protocol, name });
  return fields({
    server: "redis",
    version: "7.0.15",
    proto: protocol,
    id: session.id,
    mode: "standalone",
    role: "master",
    modules: array([]),
  });
}

/** There is one user, `default`, who has no password: any is right. @throws RedisError for another user. */
function logIn(user: string): void {
  if (user === "default") return;
  throw new RedisError("WRONGPASS invalid username-password pair or user is disabled.");
}

function authenticate(args: Args): RedisReply {
  if (args.length > 2) throw syntaxError();
  if (args.length === 1) {
    throw new RedisError(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  logIn(args[0]);
  return OK;
}

function reset(context: Context): RedisReply {
  const { core, session } = context;
  leaveTransaction(core, session);
  core.pubsub.drop(session);
  session.database = 0;
  session.name = "";
  session.protocol = 2;
  return simple("RESET");
}

function describe(session: SessionState, core: Core): string {
  const age = Math.floor((core.clock.now() - session.connectedAt) / 1000);
  const count = core.pubsub.count(session);
  const multi = session.queue?.length ?? -1;
  const who = `id=${session.id} addr=sim:${session.id} laddr=sim:6379 fd=${session.id} name=${session.name}`;
  const state = `age=${age} idle=0 flags=${multi >= 0 ? "x" : count > 0 ? "P" : "N"} db=${session.database} sub=${count} psub=0 ssub=0 multi=${multi}`;
  const buffers =
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=16384 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r";
  return `${who} ${state} ${buffers} cmd=${session.lastCommand} user=default redir=-1 resp=${session.protocol}`;
}

function checkName(name: string): string {
  if (/[^!-~]/.test(name)) {
    throw new RedisError("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  return name;
}

function setName({ session }: Context, args: Args): RedisReply {
  session.name = checkName(args[0]);
  return OK;
}

function kill({ core, session }: Context, args: Args): RedisReply {
  if (args.length !== 2 || args[0].toUpperCase() !== "ID") {
    throw new RedisError(
      "ERR SIM_UNSUPPORTED CLIENT KILL of the simulated Redis knows the form ID <client-id> only",
    );
  }
  const target = core.sessions.get(readInteger(args[1]));
  if (target === undefined || target === session) return flag(false);
  target.close();
  return flag(true);
}

function unblock({ core }: Context, args: Args): RedisReply {
  const target = core.sessions.get(readInteger(args[0]));
  const word = args.length > 1 ? args[1].toUpperCase() : "TIMEOUT";
  if (word !== "TIMEOUT" && word !== "ERROR") throw syntaxError();
  const reply = word === "ERROR" ? error("UNBLOCKED client unblocked via CLIENT UNBLOCK") : NULL_ARRAY;
  return flag(target !== undefined && core.blocking.unblock(target, reply));
}

const client = subcommands("client", {
  id: [2, "", ({ session }) => integer(session.id)],
  getname: [2, "", ({ session }) => bulk(session.name === "" ? null : session.name)],
  setname: [3, "", setName],
  info: [2, "", ({ session, core }) => verbatim(`${describe(session, core)}\n`)],
  list: [
    -2,
    "",
    ({ core }) =>
      verbatim([...core.sessions.values()].map((session) => `${describe(session, core)}\n`).join("")),
  ],
  kill: [-3, "", kill],
  unblock: [-3, "", unblock],
  "no-evict": [3, "", () => OK],
});

export const connectionCommands: CommandTable = {
  ping: [-1, "p", ping],
  echo: [2, "", (_context, args) => bulk(args[0])],
  hello: [-1, "s", hello],
  auth: [-2, "s", (_context, args) => authenticate(args)],
  select: [
    2,
    "",
    ({ core, session }, args) => {
      session.database = readDatabaseIndex(core, args[0]);
      return OK;
    },
  ],
  reset: [1, "pms", reset],
  client: [-2, "s", client],
};
