/** Messages between two hosts: a request and its reply are two. */
import { holdWhile, seededDriver } from "../../sim/kernel/index.js";
import { createBareWorld } from "../support/world.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const exchanges = 30_000;

export function addNetworkBenches({ bench }: Suite): void {
  bench("network: exchanges, one at a time", { unit: "messages/s", goal: 300_000 }, async () =>
    exchangeRate(1),
  );
  bench("network: exchanges, 64 at a time", { unit: "messages/s", goal: 300_000 }, async () =>
    exchangeRate(64),
  );
}

async function exchangeRate(concurrent: number): Promise<number> {
  const { loop, network } = createBareWorld({
    driver: seededDriver(1),
    link: { delayMsMin: 0.25, delayMsMax: 2 },
    keepSteps: false,
  });
  const client = network.fabric.addHost("client").boot();
  const server = network.fabric.addHost("server").boot();
  const reply = { status: 200, headers: {}, body: "hello" };
  network.listen(server, 80, { onRequest: () => reply });
  const http = network.http(client);
  const ask = async (): Promise<void> => {
    for (let left = exchanges / concurrent; left > 0; left--) await http.request("http://server/a");
  };
  const ms = await timed(async () =>
    holdWhile(loop, "the exchanges", Promise.all(Array.from({ length: concurrent }, ask))),
  );
  return (network.fabric.sent / ms) * 1000;
}
