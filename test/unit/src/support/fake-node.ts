/** A node agent that keeps versions and tombstones and runs nothing. */
import type { HttpReply, HttpRequest } from "../../../../src/ports/index.js";

export interface FakeNode {
  readonly collectors: Map<string, { version: number; config: string }>;
  readonly loads: Map<string, unknown>;
  handle(request: HttpRequest, path: string): HttpReply;
}

export function createFakeNode(): FakeNode {
  const collectors = new Map<string, { version: number; config: string }>();
  const removed = new Map<string, number>();
  const loads = new Map<string, unknown>();
  const reply = (status: number, body: unknown = {}): HttpReply => ({
    status,
    headers: {},
    body: JSON.stringify(body),
  });

  function put(key: string, text: string): HttpReply {
    const { version, config } = JSON.parse(text) as { version: number; config: string };
    if (version <= (removed.get(key) ?? 0) || version < (collectors.get(key)?.version ?? 0))
      return reply(409);
    collectors.set(key, { version, config });
    return reply(200, { version, ready: true, metrics_port: 31_000 });
  }

  return {
    collectors,
    loads,
    handle: ({ method, url, body }, path) => {
      const [, kind, id = "", variant = ""] = path.split("/");
      const key = `${id}/${variant}`;
      if (kind === "loads") {
        if (method === "PUT") loads.set(id, JSON.parse(body));
        else loads.delete(id);
        return reply(200);
      }
      if (method === "PUT") return put(key, body);
      if (method === "DELETE") {
        removed.set(key, Number(new URL(url).searchParams.get("version")));
        collectors.delete(key);
        return reply(204);
      }
      const list = [...collectors].map(([name, { version }]) => {
        const [experiment_id, variant] = name.split("/");
        return { experiment_id, variant, version, ready: true };
      });
      return reply(200, { collectors: list });
    },
  };
}
