/** A client that tries again, as a careful program does: what cannot be repeated safely carries a key. */
import type { Phoenix } from "../../phoenix/index.js";

type Client = Phoenix["client"];

const attemptsMax = 5;
const pauseMs = 2_000;

/**
 * Repeats a call while it fails as an outage does: no answer, or one of 500 and above.
 *
 * @returns What it gave; undefined when it was refused, or kept failing.
 */
export async function patiently<T>(phoenix: Phoenix, call: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (phoenix.failure !== undefined) throw phoenix.failure;
      const status = (error as { readonly status?: unknown }).status;
      if (typeof status === "number" && status < 500) return undefined;
    }
    await phoenix.clock.advance(pauseMs);
  }
  return undefined;
}

/** Creates an experiment under an idempotency key, as often as it takes. */
export async function createPatiently(
  phoenix: Phoenix,
  client: Client,
  body: Parameters<Client["createExperiment"]>[0],
): Promise<string | undefined> {
  const made = await patiently(phoenix, async () =>
    client.createExperiment(body, { idempotencyKey: `key-of-${body.name}` }),
  );
  return made?.id;
}
