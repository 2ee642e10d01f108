/** Finding out where an address leads, and the nearest one to a wrong address. */
import { isIPv4 } from "node:net";

import { SimError } from "../../errors.js";
import type { Fabric } from "../../kernel/network/index.js";
import { closest } from "../../../src/shared/nearest.js";

/** `world`: a simulated host. `loopback`: a server on this machine, which a test may have started itself. */
export type Place = "world" | "loopback" | "elsewhere";

/** @param hostname - As in a URL or in the options of a connection. */
export function placeOf(fabric: Fabric, hostname: string): Place {
  const name = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (fabric.resolve(name).length > 0) return "world";
  return isLoopback(name) ? "loopback" : "elsewhere";
}

function isLoopback(name: string): boolean {
  if (name === "" || name === "localhost" || name.endsWith(".localhost")) return true;
  // The unspecified addresses lead to this machine as well.
  if (name === "0.0.0.0" || name === "::") return true;
  if (isIPv4(name)) return name.startsWith("127.");
  return name === "::1" || name.startsWith("::ffff:127.") || name.startsWith("::ffff:7f");
}

/**
 * @param url - Absolute; its host part is a host or service name of the world.
 * @throws SimError `SIM_ROUTE_UNKNOWN` naming the nearest address, when no simulated host has that name.
 */
export function requireRoute(fabric: Fabric, url: URL): void {
  if (placeOf(fabric, url.hostname) !== "world") throw routeUnknown(fabric, url);
}

/** The error of an address that no simulated host has; it names the nearest. */
export function routeUnknown(fabric: Fabric, url: URL): SimError {
  const { hostname, origin, protocol, port, host } = url;
  const names = fabric.names();
  const nearest = closest(hostname, names);
  // `origin` is "null" for the addresses of sockets.
  return new SimError(
    "SIM_ROUTE_UNKNOWN",
    `Cannot reach ${origin === "null" ? `${protocol}//${host}` : origin}: no simulated host is called "${hostname}".`,
    nearest === undefined
      ? "This world has no hosts yet."
      : `The nearest is ${protocol}//${nearest}${port === "" ? "" : `:${port}`}. This world has: ${names.join(", ")}. ` +
          "For a third party, give the world msw handlers: createPhoenix({ outside: [...] }), or use your own setupServer.",
  );
}

// Errors with the shape that Node gives those of the operating system.

const errnos: Readonly<Record<string, number>> = {
  ECONNREFUSED: -111,
  ECONNRESET: -104,
  ENOTFOUND: -3008,
  ETIMEDOUT: -110,
};

/** @param syscall - `connect`, `read` or `getaddrinfo`. @param where - Such as `gateway:8080`; shown in the message. */
export function nodeError(code: string, syscall: string, where?: string): Error {
  const error = new Error(`${syscall} ${code}${where === undefined ? "" : ` ${where}`}`);
  return Object.assign(error, { code, errno: errnos[code] ?? -1, syscall });
}
