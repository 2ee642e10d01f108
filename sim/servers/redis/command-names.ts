/** Names what a client sends over the Redis protocol by its commands, for the steps of a run. */
import { createRequestParser } from "./resp.js";

/** What a piece of a client's bytes is about. */
export interface NamedBytes {
  /** Names of the commands, without keys and values. */
  readonly label: string;
  /** The commands with their keys and values, as far as they fit on a line. */
  readonly text: string;
}

const commandsMax = 4;
const textMax = 160;
const wordMax = 40;

/** @returns What names the next bytes of one connection, from its first byte on; each piece in order. */
export function createCommandNamer(): (bytes: Uint8Array) => NamedBytes {
  let commands: string[][] = [];
  let broken = false;
  let current: NamedBytes = { label: "redis/startup", text: "the start of a session" };
  const requests = createRequestParser((words) => commands.push(words.slice(0, wordMax)));
  return (bytes) => {
    if (broken) return current;
    commands = [];
    try {
      requests.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
    } catch {
      // The server answers what is no protocol, and closes.
      broken = true;
    }
    if (commands.length > 0) current = named(commands);
    return current;
  };
}

function named(commands: readonly (readonly string[])[]): NamedBytes {
  const shown = commands.slice(0, commandsMax);
  const more = commands.length > shown.length ? ", ..." : "";
  const names = shown.map(([name = ""]) => printable(name).toUpperCase()).join(", ");
  const text = shown
    .map(([name = "", ...words]) => [printable(name).toUpperCase(), ...words.map(printable)].join(" "))
    .join(", ");
  return {
    label: `redis/${names}${more}`,
    text: text.length <= textMax ? `${text}${more}` : `${text.slice(0, textMax - 3)}...`,
  };
}

function printable(word: string): string {
  const text = Buffer.from(word, "latin1")
    .toString("utf8")
    .replaceAll(/[^\P{C}]+/gu, "?");
  return text.length <= wordMax ? text : `${text.slice(0, wordMax - 3)}...`;
}
