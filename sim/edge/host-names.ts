/**
 * Names under which a loopback port may be asked. A page of another site can make its own name stand for this machine
 * (DNS rebinding), and would then read what it must not; it cannot do so with the names below.
 */
import { isIP } from "node:net";

const own = /^(?:localhost|(?:[\w-]+\.)+localhost|host\.(?:docker|containers)\.internal)$/i;

/** @param known - Names of the world, such as `gateway`. */
export function isOwnName(host: string, known: readonly string[]): boolean {
  const name = host
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  return isIP(name) !== 0 || own.test(name) || known.includes(name.toLowerCase());
}
