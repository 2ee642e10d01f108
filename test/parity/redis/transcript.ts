/** Plays a behaviour on one arm and writes down what each connection saw, in order. */
import type { RedisReply } from "../../../sim/servers/redis/index.js";
import { plain } from "../../../sim/servers/redis/resp.js";
import type { Arm } from "./arms.js";
import type { Connection } from "./real-server.js";
import { readStep, type Step } from "./script.js";

/** By connection, then in order: replies and pushed messages as text. */
export type Transcript = Readonly<Record<string, readonly string[]>>;

export function showReply(given: RedisReply): string {
  const reply = plain(given);
  switch (reply.kind) {
    case "simple":
      return `+${reply.text}`;
    case "error":
      return `-${reply.text}`;
    case "integer":
      return `:${reply.value}`;
    case "bulk":
      return reply.value === null ? "null" : JSON.stringify(reply.value);
    case "array":
      return reply.items === null ? "null-array" : `[${reply.items.map(showReply).join(", ")}]`;
    default:
      return reply satisfies never;
  }
}

function show(reply: RedisReply, { masked, unordered }: Step): string {
  if (masked) return reply.kind === "error" ? showReply(reply) : `<${reply.kind}>`;
  return unordered ? showSorted(reply) : showReply(reply);
}

/** Like {@link showReply}, with the elements of arrays in one order on both servers. */
export function showSorted(reply: RedisReply): string {
  if (reply.kind !== "array" || reply.items === null) return showReply(reply);
  const items = reply.items.map(showSorted).sort((x, y) => (x < y ? -1 : 1));
  return `{${items.join(", ")}}`;
}

/** Lets promises that are settled already tell it. */
const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function play(arm: Arm, lines: readonly string[]): Promise<Transcript> {
  await arm.reset();
  const connections = new Map<string, Connection>();
  const answers: Record<string, string[]> = {};
  const waiting = new Set<string>();
  for (const line of lines) {
    const step = readStep(line);
    const connection = connections.get(step.connection) ?? (await arm.connect());
    connections.set(step.connection, connection);
    const seen = (answers[step.connection] ??= []);
    const answer = connection.execute(step.words).then((reply) => {
      waiting.delete(step.connection);
      seen.push(show(reply, step));
    });
    if (step.waits) {
      waiting.add(step.connection);
      await yieldToEventLoop();
      if (waiting.has(step.connection)) await arm.untilBlocked(waiting.size);
    } else await answer;
    await yieldToEventLoop();
  }
  await settle(connections, waiting, answers);
  for (const connection of connections.values()) connection.close();
  return answers;
}

/** One more round trip on each free connection brings in all that was pushed before. */
async function settle(
  connections: ReadonlyMap<string, Connection>,
  waiting: ReadonlySet<string>,
  answers: Record<string, string[]>,
): Promise<void> {
  for (const [name, connection] of connections) {
    if (!waiting.has(name)) await connection.execute(["PING"]);
    await yieldToEventLoop();
    answers[`${name} pushes`] = connection.pushes.map(showReply);
  }
}
