/** A node with a clock that the test moves by hand, for tests of the data plane. */
import type { Clock, HttpReply, Logger } from "../../../../../src/ports/index.js";
import { createRenderer, parseGenerateRequest } from "../../../../../src/generator/index.js";
import {
  createConfigTools,
  createNodeAgent,
  createNodeDisk,
  type NodeAgent,
  type NodeDisk,
  type NodeOptions,
} from "../../../../../sim/servers/collector/index.js";

export interface TestNode {
  readonly node: NodeAgent;
  readonly disk: NodeDisk;
  /** Moves both clocks. */
  advance(ms: number): void;
  now(): number;
  send(method: string, path: string, body?: unknown): { status: number; body: Record<string, unknown> };
  putConfig(experimentId: string, variant: string, version: number, config: string): Record<string, unknown>;
  putLoad(loadId: string, settings?: Record<string, unknown>): ReturnType<TestNode["send"]>;
  /** The text behind a port; throws when it is closed or answers anything but 200. */
  scrape(port: number): string;
}

const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
// Shared, as the nodes of a world share theirs: most tests use the same few configurations.
const configs = createConfigTools(256);
const epochMs = 1_700_000_000_000;

export function createTestNode({
  seed = 1,
  options = {},
  disk = createNodeDisk(),
  name = "node1",
}: { seed?: number; options?: NodeOptions; disk?: NodeDisk; name?: string } = {}): TestNode {
  let elapsedMs = 0;
  const clock: Clock = {
    now: () => epochMs + elapsedMs,
    monotonic: () => elapsedMs,
    setTimer: () => {
      throw new Error("The data plane must not set timers.");
    },
  };
  const random = { bytes: (length: number) => new Uint8Array(length).map((_, index) => seed >> (8 * index)) };
  const node = createNodeAgent({ name, clock, random, logger: quiet, disk, options, configs });
  node.start();

  const send: TestNode["send"] = (method, path, body) => {
    const reply = node.agent({
      method,
      url: `http://${name}:8090${path}`,
      headers: {},
      body: typeof body === "string" ? body : JSON.stringify(body ?? null),
    });
    if (reply instanceof Promise) throw new Error("The agent answers at once.");
    return { status: reply.status, body: reply.body === "" ? {} : asRecord(reply) };
  };

  return {
    node,
    disk,
    send,
    advance: (ms) => {
      elapsedMs += ms;
    },
    now: () => epochMs + elapsedMs,
    putConfig: (experimentId, variant, version, config) =>
      send("PUT", `/collectors/${experimentId}/${variant}`, {
        experiment_id: experimentId,
        variant,
        version,
        config,
      }).body,
    putLoad: (loadId, settings = {}) =>
      send("PUT", `/loads/${loadId}`, {
        experiment_id: "exp",
        profile: "realistic",
        process_count: 100,
        metrics_per_second: 1000,
        duration_ms: 3_600_000,
        started_at_ms: epochMs + elapsedMs,
        ...settings,
      }),
    scrape: (port) => {
      const reply = node.metrics(port)?.({
        method: "GET",
        url: `http://${name}:${port}/metrics`,
        headers: {},
        body: "",
      });
      if (reply === undefined || reply instanceof Promise) throw new Error(`Port ${port} is closed.`);
      if (reply.status !== 200) throw new Error(`Port ${port} answers ${reply.status}.`);
      return reply.body;
    },
  };
}

function asRecord(reply: HttpReply): Record<string, unknown> {
  if (!reply.headers["content-type"]?.includes("json")) return { text: reply.body };
  return JSON.parse(reply.body) as Record<string, unknown>;
}

const render = createRenderer(64);

/** Generated configurations of both variants. */
export function generate(
  experimentId: string,
  candidate: string,
  more: Record<string, unknown> = {},
): { baseline: string; candidate: string } {
  const request = parseGenerateRequest({
    experiment_id: experimentId,
    baseline_pipeline: "process-baseline-v1",
    candidate_pipeline: candidate,
    target_hosts: ["node1"],
    ...more,
  });
  if (!request.ok) throw new Error(JSON.stringify(request.problems));
  const generated = render(request.value);
  if (!generated.ok) throw new Error(JSON.stringify(generated.problems));
  return { baseline: generated.value.baseline_config, candidate: generated.value.candidate_config };
}

/** One line of exposition text. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parseText(text: string): Series[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) throw new Error(`Not a series: ${line}`);
      const labels = Object.fromEntries(
        [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [
          key ?? "",
          value ?? "",
        ]),
      );
      return { name: match[1] ?? "", labels, value: Number(match[3]) };
    });
}

/** Series about processes, without what collectors say about themselves. */
export const processSeries = (text: string): Series[] =>
  parseText(text).filter(
    ({ name }) => name.startsWith("phoenix_process_") && name !== "phoenix_process_cardinality",
  );
