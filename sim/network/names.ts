/** Names: which host serves a request addressed to a service, and what a message is called in the trace. */
import type { Host } from "../kernel/index.js";
import type { Fabric } from "./fabric.js";
import { NetworkError } from "./message.js";

/**
 * Picks a host behind a host or service name. Replicas that are down are left out while another is up, as a
 * load balancer with health checks does; which of the rest serves is a choice point.
 *
 * @throws NetworkError `ENOTFOUND` when there is no such name.
 */
export function pickHost(fabric: Fabric, name: string, askedBy: string): Host {
  const replicas = fabric.resolve(name);
  const up = replicas.filter((host) => host.state !== "down");
  const candidates = up.length > 0 ? up : replicas;
  const index = fabric.loop.choices.choose("target", `${askedBy}>${name}/replica`, candidates.length);
  const host = candidates[index];
  if (host === undefined) throw new NetworkError("ENOTFOUND", `There is no host called ${name}`);
  return host;
}

const identifier = /\/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+|exp-[a-z0-9]{8})(?=\/|$)/gi;

/** @returns The path with ids replaced by `:id` and no query: a label that is the same in each run. */
export function routeLabel(path: string): string {
  const end = path.indexOf("?");
  return (end < 0 ? path : path.slice(0, end)).replace(identifier, "/:id");
}
