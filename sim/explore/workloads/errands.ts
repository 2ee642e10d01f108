/**
 * What people do with an experiment now and then. Each errand has a chance of its own in a run, so that most runs stay
 * short and a campaign reaches every part of the API.
 */
import type { Phoenix } from "../../phoenix/index.js";
import { patiently } from "./patient.js";

type Client = Phoenix["client"];

interface Errand {
  /** Stable: answers of recorded runs are found by it. */
  readonly name: string;
  readonly chance: number;
  /** Requests, one after the other. */
  readonly requests: (id: string) => readonly Request[];
}

type Request = readonly [method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object];

const of = (id: string, part: string): string => `/api/v1/experiments/${id}${part}`;

/** For an experiment that is still under way. */
const onTheWay: readonly Errand[] = [
  {
    name: "load",
    chance: 0.2,
    requests: (id) => [
      ["POST", "/api/v1/load-simulations", { experiment_id: id, process_count: 10, duration: "25s" }],
      ["GET", "/api/v1/load-simulations"],
    ],
  },
  {
    name: "split",
    chance: 0.15,
    requests: (id) => [
      [
        "POST",
        "/api/v1/control/signals",
        { experiment_id: id, type: "traffic_split", parameters: { baseline: 30, candidate: 70 } },
      ],
      ["GET", `/api/v1/control/experiments/${id}/signals`],
    ],
  },
  {
    name: "rollback",
    chance: 0.15,
    requests: (id) => [
      ["POST", "/api/v1/control/signals", { experiment_id: id, type: "rollback", reason: "errand" }],
      ["GET", `/api/v1/control/experiments/${id}/drift`],
    ],
  },
  {
    name: "describe",
    chance: 0.15,
    requests: (id) => [["PUT", of(id, ""), { name: "described", description: "by an errand" }]],
  },
  {
    name: "read-all",
    chance: 0.15,
    requests: (id) => [
      ...["/status", "/history", "/configs", "/deployments", "/metrics", "/results", "/analysis"].map(
        (part): Request => ["GET", of(id, part)],
      ),
      ["POST", "/api/v1/experiments/check-overlap", { name: "overlapping", target_nodes: ["node2"] }],
    ],
  },
  {
    name: "catalogues",
    chance: 0.1,
    requests: () => [
      ["GET", "/api/v1/load-simulations/profiles"],
      ["GET", "/api/v1/templates"],
      ["GET", "/api/v1/pipelines"],
    ],
  },
];

/** For an experiment that is over. */
const afterwards: readonly Errand[] = [
  {
    name: "promote",
    chance: 0.2,
    requests: (id) => [
      ["POST", of(id, "/promote"), { variant: "candidate" }],
      ["GET", of(id, "/cost-analysis")],
    ],
  },
  {
    name: "delete",
    chance: 0.2,
    requests: (id) => [
      ["DELETE", of(id, "")],
      ["GET", of(id, "")],
    ],
  },
];

/** Runs the errands that come up, in order. */
export async function runErrands(
  phoenix: Phoenix,
  client: Client,
  id: string,
  when: "on the way" | "afterwards",
): Promise<void> {
  for (const { name, chance, requests } of when === "on the way" ? onTheWay : afterwards) {
    if (!phoenix.chance(`errand/${name}`, chance)) continue;
    for (const [method, path, body] of requests(id))
      await patiently(phoenix, async () =>
        client.call(method, path, body === undefined ? undefined : { body }),
      );
  }
}
