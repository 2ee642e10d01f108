/** What invariants read of texts that clients send: twice the text takes twice the time, whatever stands in it. */
import { createInvariantHub, invariants } from "../../sim/world/invariants/index.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const letters = 200_000;
const factor = 8;

const fillings = ["Q", "-", ".", "a.", "a-", "%41", "{", "40", "eyJ.", " "];

export function addScanningBenches({ bench }: Suite): void {
  bench(
    `scanning: ${factor} times the letters of a frame and a body, times as long`,
    { unit: "x", goal: factor * 2, better: "less" },
    async () => {
      const short = await scan(letters);
      return (await scan(letters * factor)) / short;
    },
  );
}

/** @returns Milliseconds for frames and bodies of that many letters. */
async function scan(length: number): Promise<number> {
  const hub = createInvariantHub(invariants, {
    nowMs: 0,
    epochMs: 0,
    fail: () => {},
    rows: () => [],
    collectors: () => new Map(),
    loads: () => new Map(),
    versionOnceLive: () => 0,
    nodesOfSeries: () => [],
  });
  const texts = fillings.map((text) => text.repeat(length / text.length));
  const socket = { id: 1, host: "gateway-0", request: { url: "ws://gateway/ws", headers: {} }, open: true };
  return timed(async () => {
    for (const text of texts) {
      hub.onClientMessage(socket, text);
      hub.onFrame(socket, text);
      const request = {
        method: "POST",
        url: "/api/v1/templates",
        headers: { authorization: text },
        body: text,
      };
      hub.onRequest(request);
      hub.onResponse({ host: "gateway-0", request, reply: { status: 400, body: text }, askedAtMs: 0 });
    }
  });
}
