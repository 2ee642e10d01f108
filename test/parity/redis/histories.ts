/** Plays a random history on both servers and compares every answer. */
import type { RedisReply } from "../../../sim/servers/redis/index.js";
import type { Arm } from "./arms.js";
import type { Connection } from "./real-server.js";
import { isUnordered, type RandomStep } from "./random-commands.js";
import { showReply, showSorted } from "./transcript.js";

/** What each step answered, with its command in front. */
export async function playHistory(arm: Arm, steps: readonly RandomStep[]): Promise<string[]> {
  await arm.reset();
  const sessions: Record<RandomStep["session"], Connection> = {
    a: await arm.connect(),
    b: await arm.connect(),
  };
  const answers: string[] = [];
  let turn: Promise<string>[] = [];
  for (const [index, { session, words }] of steps.entries()) {
    const label = `${session}> ${words.join(" ")} = `;
    turn.push(sessions[session].execute(words).then((reply) => label + show(words, reply)));
    // Commands of one session go in a row; before the other's turn all must have been answered.
    if (steps[index + 1]?.session !== session) {
      answers.push(...(await Promise.all(turn)));
      turn = [];
    }
  }
  sessions.a.close();
  sessions.b.close();
  return answers;
}

/** Inside a transaction the order of sets shows only in the answer of EXEC. */
function show(words: readonly string[], reply: RedisReply): string {
  if (words[0] === "EXEC" && reply.kind === "array" && reply.items !== null) {
    return `[${reply.items.map(showSorted).join(", ")}]`;
  }
  return isUnordered(words) ? showSorted(reply) : showReply(reply);
}
