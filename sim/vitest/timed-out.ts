/** Tells, in the error of a test that ran into the time-out of Vitest, what its world was waiting for. */
import type { Phoenix } from "../phoenix/index.js";

const linesMax = 20;

/**
 * Builds a world of a test.
 *
 * @param signal - Vitest's, of the test: aborted with the error of the time-out, which every reporter then shows.
 * @throws That error when time was up before there was a world; the world is ended then.
 */
export async function worldInTime(signal: AbortSignal, create: () => Promise<Phoenix>): Promise<Phoenix> {
  let world: Phoenix | undefined;
  signal.addEventListener("abort", () => {
    const error: unknown = signal.reason;
    if (!(error instanceof Error) || !/timed out/i.test(error.message)) return;
    append(error, world === undefined ? "The world was still being built." : describeWaits(world));
  });
  await Promise.allSettled(builds);
  const building = build(signal, create);
  builds.add(building);
  world = await building.finally(() => builds.delete(building));
  return world;
}

// Vitest goes on when time is up; the next world of the process waits for the one that nobody waits for any more.
const builds = new Set<Promise<unknown>>();

async function build(signal: AbortSignal, create: () => Promise<Phoenix>): Promise<Phoenix> {
  const phoenix = await create();
  if (!signal.aborted) return phoenix;
  await phoenix.dispose({ force: true });
  throw signal.reason;
}

const hint =
  "Hint: an open socket, subscription or server alone moves no time, nor does a timer that was kept from before the " +
  "world. Await phoenix.until(() => ...), phoenix.waitForState(id, state, { within }), phoenix.waitForMessage(socket) or " +
  "phoenix.clock.advance(ms).";

function describeWaits(phoenix: Phoenix): string {
  const at = `${Math.round(phoenix.clock.nowMs)} ms of virtual time`;
  if (phoenix.failure !== undefined) return `The world had ended at ${at}: ${phoenix.failure.message}`;
  const waiting = phoenix.waiting();
  const moves = waiting.some((line) => /^a (?:wait for|timer) /.test(line));
  const more = waiting.length > linesMax ? [`and ${waiting.length - linesMax} more`] : [];
  const lines = [...waiting.slice(0, linesMax), ...more].map((line) => `  - ${line}`);
  const real = realWork();
  return [
    moves
      ? `The world had reached ${at}, and the test waited for:`
      : `The world had reached ${at} and stood still, because nothing was awaited that virtual time can bring.`,
    ...(moves || waiting.length === 0 ? [] : ["Open were:"]),
    ...lines,
    ...(real === "" ? [] : [`In flight outside the world: ${real}.`]),
    ...(moves ? [] : [hint]),
  ].join("\n");
}

// Pipes, ports and timers are the runner's own.
function realWork(): string {
  const names = process.getActiveResourcesInfo().filter((name) => /^FS|Req|ProcessWrap/.test(name));
  return [...new Set(names)].join(", ");
}

function append(error: Error, text: string): void {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  error.message = `${error.message}\n\n${text}`;
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
}
