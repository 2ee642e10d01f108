/**
 * What is left running at the end of a workload is stopped, as a client would.
 *
 * Otherwise a run would spend an hour of virtual time on each experiment of the default duration. Short ones are
 * left alone, so that in most runs some end by themselves.
 */
import { ConvergenceError, type Phoenix } from "../phoenix/index.js";

type Client = Phoenix["client"];
type Row = Readonly<Record<string, unknown>>;

/** Experiments that are to run at most this long end by themselves, in virtual milliseconds. */
const shortMs = 600_000;

/** How long a platform without faults may refuse to answer, in virtual milliseconds. */
const patienceMs = 60_000;
const pauseMs = 2_000;

/** The administrator of each tenant. */
const passwords: Readonly<Record<string, readonly [email: string, password: string]>> = {
  "tenant-001": ["admin@phoenix.io", "admin123"],
  tenant1: ["admin@tenant1.phoenix.io", "tenant1"],
  tenant2: ["admin@tenant2.phoenix.io", "tenant2"],
};

/**
 * Stops every experiment that would run for long. Faults must have ended.
 *
 * @throws ConvergenceError when the platform does not answer within a minute.
 */
export async function stopExperiments(phoenix: Phoenix): Promise<void> {
  const clients = new Map<string, Client>();
  for (const row of phoenix.postgres.rows("experiments")) {
    const account = passwords[String(row["tenant_id"])];
    if (account === undefined || !runsLong(row)) continue;
    const client = clients.get(account[0]) ?? phoenix.clientFor(...account);
    clients.set(account[0], client);
    await stop(phoenix, client, String(row["id"]));
  }
}

function runsLong({ state, deleted, config }: Row): boolean {
  const { duration_ms: durationMs } = config as { readonly duration_ms: number };
  return (
    durationMs > shortMs && deleted !== true && ["pending", "initializing", "running"].includes(String(state))
  );
}

async function stop(phoenix: Phoenix, client: Client, id: string): Promise<void> {
  const untilMs = phoenix.clock.nowMs + patienceMs;
  for (;;) {
    try {
      return await client.stopExperiment(id);
    } catch (error) {
      if (phoenix.failure !== undefined) throw phoenix.failure;
      const { status, code } = error as { readonly status?: unknown; readonly code?: unknown };
      // It has ended, or was deleted, between the look at it and the request.
      if (status === 404 || code === "INVALID_TRANSITION") return;
      if (phoenix.clock.nowMs >= untilMs) {
        const reason = `stopping experiment ${id} still fails: ${(error as Error).message}`;
        throw new ConvergenceError("answers-when-healed", "1m", reason);
      }
    }
    await phoenix.clock.advance(pauseMs);
  }
}
