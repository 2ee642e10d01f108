/**
 * What surrounds a test of Vitest: the guard of the real network, the error of a test that ran out of time, and the command
 * that runs it again in its errors.
 */
import net from "node:net";
import type { TestContext } from "vitest";

import { SimError } from "../errors.js";
import { appended, namePatternOf, rerunCommand } from "../explore/test-runners.js";
import type { Phoenix } from "../world/index.js";

export interface NetworkGuard {
  /** Lets connections through again. Calling it twice does nothing. */
  lift(): void;
}

type Connect = (this: net.Socket, ...args: unknown[]) => net.Socket;

/** What is on the prototype of sockets, and whether its guard still stands. */
interface Layer {
  readonly below: Connect;
  lifted: boolean;
}

const layers = new WeakMap<Connect, Layer>();

/** @param allowed - Hosts that may be reached besides this machine. */
/**
 * Keeps a test without a world from reaching the real network unnoticed. It stands below everything that mocks HTTP: what
 * a mock answers never opens a connection, and what does open one is refused, unless it leads to this machine.
 */
export function installNetworkGuard(allowed: readonly string[]): NetworkGuard {
  // Read from the prototype, and called on sockets only.
  const prototype = net.Socket.prototype as unknown as { connect: Connect };
  const layer: Layer = { below: prototype.connect, lifted: false };
  const guarded: Connect = function connect(...args) {
    const host = layer.lifted ? undefined : hostOf(args);
    if (host === undefined || isLocal(host) || allowed.includes(host)) return layer.below.apply(this, args);
    const error = refusal(host, portOf(args));
    // As a connection that fails: at a later moment, by an event.
    process.nextTick(() => this.destroy(error));
    return this;
  };
  layers.set(guarded, layer);
  prototype.connect = guarded;
  return {
    lift() {
      layer.lifted = true;
      // Guards of concurrent tests lie on each other and are lifted in any order.
      for (let top = layers.get(prototype.connect); top?.lifted === true; top = layers.get(prototype.connect))
        prototype.connect = top.below;
    },
  };
}

// As `net` reads arguments: (path), (port, host), (options), or all of them in a list.
function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as readonly unknown[];
  if (typeof first === "object" && first !== null) return first as Record<string, unknown>;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: first, host: typeof second === "string" ? second : undefined };
}

/** @returns Undefined where no host is asked for: paths of sockets and pipes. */
function hostOf(args: readonly unknown[]): string | undefined {
  const { path, host } = optionsOf(args);
  return typeof path === "string" || typeof host !== "string" ? undefined : host;
}

function portOf(args: readonly unknown[]): string {
  const { port } = optionsOf(args);
  return typeof port === "number" || typeof port === "string" ? `:${port}` : "";
}

function isLocal(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return /^(?:127\.[\d.]+|0\.0\.0\.0|::1?|::ffff:127\.[\d.]+|)$/.test(name);
}

function refusal(host: string, port: string): SimError {
  return new SimError(
    "SIM_NO_WORLD",
    `This test tried to connect to ${host}${port}, on the real network: it has no world.`,
    "Name phoenix in the test's arguments: async ({ phoenix }) => { ... }. To reach a real host on purpose, allow it: " +
      `test.override({ realHosts: ["${host}"] }).`,
  );
}

// Tells, in the error of a test that ran into the time-out of Vitest, what its world was waiting for.

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

// Puts how to run a failed test again into its errors, where every reporter shows it.

/** @returns The command that runs a test again. @param failure - A seed or a token. */
export function rerunTest(failure: string | number, { file, fullTestName }: TestContext["task"]): string {
  return rerunCommand(failure, "vitest", {
    file: file.filepath,
    namePattern: namePatternOf(fullTestName),
  });
}

/**
 * Adds a report to the first error of a test once it has failed; not when the test is meant to fail, and not where the
 * error already says how to run it again.
 */
export function reportInErrors(
  { task, onTestFailed }: Pick<TestContext, "task" | "onTestFailed">,
  report: () => string,
): void {
  onTestFailed(() => {
    if (task.fails === true) return;
    const errors = task.result?.errors ?? [];
    if (errors.some((error) => texts(error).message.includes("npx phoenix-sim rerun"))) return;
    const [first] = errors;
    // Copies, made by Vitest for its reporters: what the test threw stays as it was, frozen or not.
    if (first !== undefined) Object.assign(first, appended(texts(first), report()));
  });
}

function texts(error: { readonly message?: unknown; readonly stack?: unknown }): {
  readonly message: string;
  readonly stack?: string;
} {
  const { message, stack } = error;
  const known =
    typeof message === "string" ? message : `The test threw ${JSON.stringify(error)}, which is not an Error.`;
  return { message: known, ...(typeof stack === "string" ? { stack } : {}) };
}
