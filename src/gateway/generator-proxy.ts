/** Passing a request on to the config generator. */
import { errorText } from "../shared/index.js";
import { ApiError } from "./errors.js";
import { reply, type Reply } from "./reply.js";
import type { Call } from "./route.js";

/** The generator's answer as a JSON value, with its status. */
export interface GeneratorAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/**
 * Asks the generator.
 *
 * @throws ApiError `SERVICE_UNAVAILABLE` when it is away or fails.
 */
export async function askGenerator(
  call: Call,
  method: string,
  path: string,
  body?: unknown,
): Promise<GeneratorAnswer> {
  const { http, options } = call.context;
  try {
    const answer = await http.request(`${options.generatorUrl}${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? "" : JSON.stringify(body),
      timeoutMs: options.requestTimeoutMs,
    });
    if (answer.status < 500)
      return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
    throw new Error(`the generator answered ${answer.status}`);
  } catch (error) {
    const cause = errorText(error);
    throw new ApiError("SERVICE_UNAVAILABLE", "the config generator is unavailable, try again", { cause });
  }
}

/** Asks the generator and answers what it answers; its complaints become validation errors. */
export async function proxyToGenerator(
  call: Call,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const answer = await askGenerator(call, method, path, body);
  if (answer.status < 400) return reply(answer.status, answer.body);
  const words = [answer.body["message"], answer.body["error"]].find(
    (text): text is string => typeof text === "string",
  );
  const text = words ?? "the generator refused the request";
  if (answer.status === 404) throw new ApiError("NOT_FOUND", text);
  throw new ApiError("VALIDATION_ERROR", text, answer.body["details"] ?? null);
}
