/** `phoenix-sim serve`: a world on real ports, for curl, browsers and programs in other languages. */
import { SimError } from "../errors.js";
import { type Phoenix, createPhoenix } from "../world/index.js";
import { version } from "../shared/version.js";
import type { Terminal } from "./terminal.js";

/** What the command line gives. */
export interface ServeFlags {
  readonly port: number;
  readonly prometheusPort: number;
  readonly seed: number;
  readonly speed: number;
  readonly nodes: number;
  readonly json?: boolean;
}

/** How often it looks whether the world has failed, in real milliseconds. */
const lookMs = 100;

/** Serves until Ctrl-C. */
export async function serve(
  { port, prometheusPort, seed, speed, nodes, json = false }: ServeFlags,
  terminal: Terminal,
): Promise<void> {
  // Listened for from the start: who reads the addresses may end it at once.
  const interrupted = terminal.interrupted();
  const phoenix = await createPhoenix({ seed, nodes });
  try {
    const gateway = await listen(phoenix, "gateway", port);
    const prometheus = await listen(phoenix, "prometheus", prometheusPort);
    // At once, so that whoever reads only the first lines does not end it by going away.
    terminal.out(
      json
        ? JSON.stringify({ version, gateway: gateway.url, prometheus: prometheus.url, seed, speed })
        : `gateway     ${gateway.url}   (admin@phoenix.io, admin123)\nprometheus  ${prometheus.url}`,
    );
    terminal.err(`Seed ${seed}, ${speed} x real time. Ctrl-C ends it.`);
    await followUntil(phoenix, speed, interrupted);
    await Promise.all([gateway.close(), prometheus.close()]);
  } finally {
    await phoenix.dispose({ force: true });
  }
}

async function listen(phoenix: Phoenix, target: "gateway" | "prometheus", port: number) {
  return phoenix.listen({ target, port }).catch((error: NodeJS.ErrnoException) => {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot put the ${target} on port ${port}: ${error.code ?? error.message}.`,
      "Choose another port, or 0 for any that is free.",
      { cause: error },
    );
  });
}

async function followUntil(phoenix: Phoenix, speed: number, stopped: Promise<unknown>): Promise<void> {
  const stop = stopped.then(() => "stop" as const);
  const release = phoenix.clock.followRealTime({ speed });
  while ((await Promise.race([realPause(lookMs), stop])) !== "stop") {
    if (phoenix.failure !== undefined) throw phoenix.failure;
  }
  release();
}

async function realPause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
