/** Plays raw conversations on a server and writes down every byte that came back. */
import type { Duplex } from "node:stream";

import type { WireScript, WireStep } from "./scripts.js";

/** What a and b got after each step; a connection that ended says so. */
export type WireTranscript = readonly (readonly [a: string, b: string])[];

export interface WireArm {
  /** Opens a connection to an empty server. */
  connect(): Duplex;
  /** Resolves when what was sent has had its effect. */
  settle(): Promise<void>;
}

interface WireClient {
  send(step: WireStep["send"]): void;
  take(): string;
  end(): void;
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

function open(arm: WireArm): WireClient {
  const stream = arm.connect();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  stream.on("error", () => {});
  stream.on("end", () => {
    text += "<end>";
  });
  return {
    send: (step) => void stream.write(Buffer.from(typeof step === "string" ? step : encode(step), "latin1")),
    take() {
      const taken = text;
      text = "";
      return taken;
    },
    end: () => void stream.destroy(),
  };
}

/** @param protocol - Both clients begin with `HELLO` and this version. */
export async function playWire(
  arm: WireArm,
  { steps }: WireScript,
  protocol: 2 | 3,
): Promise<WireTranscript> {
  const clients = { a: open(arm), b: open(arm) };
  const transcript: (readonly [string, string])[] = [];
  const say = async (client: "a" | "b", send: WireStep["send"]): Promise<void> => {
    clients[client].send(send);
    await arm.settle();
    transcript.push([clients.a.take(), clients.b.take()]);
  };
  await say("a", ["FLUSHALL"]);
  await say("a", ["HELLO", String(protocol)]);
  await say("b", ["HELLO", String(protocol)]);
  transcript.length = 0;
  for (const { client, send } of steps) await say(client, send);
  clients.a.end();
  clients.b.end();
  return transcript;
}
