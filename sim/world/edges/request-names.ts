/** Names what real clients send over an HTTP stream by its requests, for the steps of a run. */
import { routeLabel } from "../../kernel/network/index.js";
import type { Namer, NamedBytes } from "./callers.js";

const requestLine = /^([A-Z]+) (\S+) HTTP\/1\.\d\r\n/;
const lineMax = 2_048;

/**
 * @param isUpgraded - Whether the connection carries a WebSocket by now.
 * @returns What names the next bytes of an HTTP connection, from the first on.
 */
export function createRequestNamer(isUpgraded: () => boolean): Namer {
  let current: NamedBytes = { label: "http/bytes", text: "bytes of HTTP" };
  return (bytes) => {
    if (isUpgraded()) return { label: "websocket/bytes", text: "bytes of a WebSocket" };
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(lineMax, bytes.byteLength));
    const [, method, url = ""] = requestLine.exec(start.toString("latin1")) ?? [];
    if (method !== undefined)
      current = { label: `${method} ${routeLabel(url)}`, text: `${method} ${url.replace(/\?.*$/, "")}` };
    return current;
  };
}
