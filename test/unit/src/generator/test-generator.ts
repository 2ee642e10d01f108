/** A running generator and short ways to ask it, for tests. */
import type { HttpReply, Logger } from "../../../../src/ports/index.js";
import { createGenerator, type GeneratorOptions } from "../../../../src/generator/index.js";

const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const generatedAt = "2024-01-01T00:00:00.000Z";

export interface Answer {
  readonly status: number;
  readonly headers: HttpReply["headers"];
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export function startGenerator(options: GeneratorOptions = {}) {
  const generator = createGenerator({
    clock: {
      now: () => Date.parse(generatedAt),
      monotonic: () => 0,
      setTimer: () => {
        throw new Error("The generator must not set timers.");
      },
    },
    logger: quiet,
    options,
  });
  generator.start();

  async function send(method: string, path: string, body?: unknown): Promise<Answer> {
    const reply = await generator.handle({
      method,
      url: `http://generator:8082${path}`,
      headers: {},
      body: typeof body === "string" ? body : JSON.stringify(body ?? null),
    });
    const isJson = reply.headers["content-type"] === "application/json";
    return {
      status: reply.status,
      headers: reply.headers,
      text: reply.body,
      body: isJson ? (JSON.parse(reply.body) as Record<string, unknown>) : {},
    };
  }

  return { generator, send };
}

/** A complete body of `POST /api/v1/generate`. */
export const generateBody = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  experiment_id: "11111111-2222-4333-8444-555555555555",
  baseline_pipeline: "process-baseline-v1",
  candidate_pipeline: "process-aggregated-v1",
  target_hosts: ["node1", "node2"],
  variables: {},
  duration: "5m",
  ...more,
});
