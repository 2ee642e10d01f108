/** Asking the generator for configurations. */
import type { HttpClient } from "../ports/index.js";

/** What the generator needs to know of an subject. */
interface GenerationSubject {
  readonly id: string;
  readonly baseline_pipeline: string;
  readonly candidate_pipeline: string;
  readonly target_nodes: readonly string[];
  readonly config: { readonly duration: string; readonly parameters: Readonly<Record<string, unknown>> };
}

/** Processors that replace those of a template, by variant. */
type GenerationOverrides = Readonly<Record<string, { readonly processors: readonly unknown[] }>>;

/** Both configurations of an experiment, as collector YAML. */
export interface GeneratedPair {
  readonly baseline_config: string;
  readonly candidate_config: string;
}

/** The generator understood the request and will never accept it. */
export class GenerationRefused extends Error {
  override readonly name = "GenerationRefused";
  /** The generator's own words about each problem. */
  readonly details: unknown;

  constructor(message: string, details: unknown) {
    super(message);
    this.details = details;
  }
}

export interface GeneratorClient {
  /**
   * @param version - The version that the result will have.
   * @throws GenerationRefused when the request is wrong; any other error when asking again may help.
   */
  generate(
    subject: GenerationSubject,
    version: number,
    overrides: GenerationOverrides,
  ): Promise<GeneratedPair>;
}

/** Talks to the generator over HTTP. */
export function createGeneratorClient(
  http: HttpClient,
  options: { readonly generatorUrl: string; readonly requestTimeoutMs: number },
): GeneratorClient {
  return {
    generate: async (subject, version, overrides) => {
      const reply = await http.request(`${options.generatorUrl}/api/v1/generate`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          experiment_id: subject.id,
          baseline_pipeline: subject.baseline_pipeline,
          candidate_pipeline: subject.candidate_pipeline,
          target_hosts: subject.target_nodes,
          variables: {},
          parameters: subject.config.parameters,
          duration: subject.config.duration,
          overrides,
          version,
        }),
        timeoutMs: options.requestTimeoutMs,
      });
      if (reply.status === 400 || reply.status === 422) throw refused(reply.body);
      if (reply.status !== 200) throw new Error(`generator answered ${reply.status}`);
      const pair = parse(reply.body);
      if (typeof pair?.baseline_config !== "string" || typeof pair.candidate_config !== "string") {
        throw new Error("generator answered without configurations");
      }
      return { baseline_config: pair.baseline_config, candidate_config: pair.candidate_config };
    },
  };
}

function refused(body: string): GenerationRefused {
  const reply = parse(body);
  const text = [reply?.message, reply?.error].find((words): words is string => typeof words === "string");
  return new GenerationRefused(
    text ?? "the generator refused the request",
    reply?.details ?? reply?.problems ?? reply?.errors ?? null,
  );
}

interface Reply extends Partial<GeneratedPair> {
  readonly error?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly problems?: unknown;
  readonly errors?: unknown;
}

function parse(body: string): Reply | undefined {
  try {
    return JSON.parse(body) as Reply;
  } catch {
    return undefined;
  }
}
