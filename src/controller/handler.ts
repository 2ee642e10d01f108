/** What the controller answers over HTTP: health, metrics, and which collectors there are to scrape. */
import type { HttpReply, HttpRequest } from "../ports/index.js";
import { jsonReply, textReply } from "../shared/index.js";
import { listScrapedDeployments } from "../store/index.js";
import type { ControllerContext } from "./context.js";

/** @param hint - Takes the body of a hint. @returns Whether it was one. */
export function createControllerHandler(
  context: ControllerContext,
  hint: (body: string) => boolean,
): (request: HttpRequest) => Promise<HttpReply> {
  return async ({ method, url, body }) => {
    const { pathname } = new URL(url, "http://controller");
    switch (`${method} ${pathname}`) {
      case "GET /health":
      case "GET /ready":
        return jsonReply(200, { status: "ok" });
      case "GET /metrics":
        return textReply(200, await context.metrics.text(), context.metrics.contentType);
      case "GET /sd/collectors":
        return collectors(context);
      case "POST /hints":
        return hint(body) ? jsonReply(202, { accepted: true }) : jsonReply(400, { error: "not a hint" });
      default:
        return jsonReply(404, { error: `no such route: ${method} ${pathname}` });
    }
  };
}

// The format of Prometheus HTTP service discovery. An error makes Prometheus keep what it had.
async function collectors({ sql }: ControllerContext): Promise<HttpReply> {
  try {
    const deployments = await listScrapedDeployments(sql);
    const groups = deployments.flatMap(({ experiment_id, variant, endpoints }) =>
      Object.entries(endpoints)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        // What the collectors themselves say about experiment and variant must not clash with a target's label.
        .map(([node, port]) => ({
          targets: [`${node}:${port}`],
          labels: { node, __meta_phoenix_experiment_id: experiment_id, __meta_phoenix_variant: variant },
        })),
    );
    return jsonReply(200, groups);
  } catch {
    return jsonReply(503, { error: "the database cannot be asked" });
  }
}
