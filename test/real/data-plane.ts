/**
 * The simulated nodes on a real port: one HTTP server that answers for every node, by the host that a request
 * names. Prometheus reaches it as a proxy, the controller by its `resolve`.
 */
import type { Clock, HttpReply, Logger, Random } from "../../src/ports/index.js";
import { type HttpServer, serveHttp } from "../../src/adapters/index.js";
import { createConfigTools, createNodeAgent, createNodeDisk } from "../../sim/servers/collector/index.js";

const agentPort = "8090";

const notFound: HttpReply = { status: 404, headers: {}, body: "" };

export async function serveDataPlane(
  names: readonly string[],
  ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
): Promise<HttpServer> {
  const configs = createConfigTools();
  const nodes = new Map(
    names.map((name) => {
      const node = createNodeAgent({ name, ...ports, disk: createNodeDisk(), configs });
      node.start();
      return [name, node] as const;
    }),
  );
  return serveHttp({
    handler: async (request) => {
      const { hostname, port } = new URL(request.url);
      const node = nodes.get(hostname);
      const handler = port === agentPort ? node?.agent : node?.metrics(Number(port));
      return handler?.(request) ?? notFound;
    },
  });
}
