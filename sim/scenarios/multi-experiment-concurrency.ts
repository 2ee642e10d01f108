/** Scenario 2: experiments that run side by side, each on a node of its own, and never see each other. */
import type { ExperimentReply } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { experimentsInPrometheus, nodesInPrometheus, range, type Checks, type Scenario } from "./scenario.js";

const experimentCount = 5;

export const multiExperimentConcurrency: Scenario = {
  name: "multi-experiment-concurrency",
  summary: "experiments created at once run side by side, each with metrics of its own node only",
  deadline: "10m",
  // node10 is there because a careless comparison takes its series for those of node1.
  world: { nodes: [...range(experimentCount).map((index) => `node${index}`), "node10"] },
  async run({ phoenix, check, step }) {
    await runSideBySide(phoenix, check, step, experimentCount);

    step("an experiment on node10 keeps out of node1");
    const tenth = await phoenix.client.createExperiment({
      name: "concurrent-exp-10",
      target_nodes: ["node10"],
    });
    await phoenix.waitForState(tenth.id, "running", { within: "2m" });
    await phoenix.clock.advance("30s");
    await checkNodes(phoenix, check, tenth, "node10");

    step("a plan for a taken node is warned, one for another node is not");
    check.equal(await overlapOn(phoenix, "node10"), [tenth.id], "experiments in the way on node10");
    check.equal(await overlapOn(phoenix, "node11"), [], "experiments in the way on node11");
  },
};

/** Also run with many more experiments and several controllers. Needs nodes called node0, node1 ... */
export async function runSideBySide(
  phoenix: Phoenix,
  check: Checks,
  step: (title: string) => void,
  count: number,
): Promise<void> {
  const { client } = phoenix;

  step("listen to updates");
  const socket = new phoenix.WebSocket(
    `${phoenix.socketUrl}?token=${(await client.login("admin@phoenix.io", "admin123")).token}`,
  );
  const frames: { readonly experiment_id?: string; readonly target_nodes?: readonly string[] }[] = [];
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as { type: string; payload: { experiment?: ExperimentReply } };
    if (frame.type === "experiment.update" && frame.payload.experiment !== undefined) {
      const { id, target_nodes } = frame.payload.experiment;
      frames.push({ experiment_id: id, target_nodes });
    }
  });
  await phoenix.until(() => socket.readyState === socket.OPEN, {
    within: "10s",
    label: "the socket to open",
  });
  socket.send(JSON.stringify({ type: "subscribe", payload: { event: "experiment.updates" } }));

  step(`create ${count} experiments at once`);
  const experiments = await Promise.all(
    range(count).map(async (index) =>
      client.createExperiment({
        name: `concurrent-exp-${index}`,
        baseline_pipeline: "process-baseline-v1",
        candidate_pipeline: "process-aggregated-v1",
        target_nodes: [`node${index}`],
      }),
    ),
  );
  check.equal(new Set(experiments.map(({ id }) => id)).size, count, "as many ids as experiments");

  step("all of them run");
  for (const { id } of experiments) await phoenix.waitForState(id, "running", { within: "2m" });

  step("each has metrics of its own node, and of no other");
  await phoenix.clock.advance("30s");
  for (const [index, experiment] of experiments.entries()) {
    await checkNodes(phoenix, check, experiment, `node${index}`);
  }
  const nodeOf = new Map(experiments.map(({ id }, index) => [id, `node${index}`]));
  check.above(frames.length, count, "updates on the socket");
  for (const { experiment_id: id = "", target_nodes: nodes } of frames) {
    check.equal(nodes, [nodeOf.get(id)], `the nodes in an update of ${id}`);
  }
  socket.close();
}

async function overlapOn(phoenix: Phoenix, node: string): Promise<readonly string[]> {
  const body = { name: "planned", target_nodes: [node] };
  const overlap = await phoenix.client.call<{ conflicting_exp_ids: readonly string[] }>(
    "POST",
    "/api/v1/experiments/check-overlap",
    { body },
  );
  return overlap.conflicting_exp_ids;
}

async function checkNodes(
  phoenix: Phoenix,
  check: Checks,
  experiment: ExperimentReply,
  node: string,
): Promise<void> {
  const metrics = await phoenix.client.getMetrics(experiment.id);
  check.equal(metrics.labels.node, [node], `the nodes in the metrics of ${experiment.name}`);
  check.above(metrics.candidate_metrics.time_series_count, 0, `series of ${experiment.name}`);
  check.equal(
    nodesInPrometheus(phoenix, experiment.id),
    [node],
    `the nodes of ${experiment.name} in Prometheus`,
  );
  check.equal(
    experimentsInPrometheus(phoenix, node),
    [experiment.id],
    `the experiments on ${node} in Prometheus`,
  );
  const deployments = await phoenix.client.getDeployments(experiment.id);
  check.equal(
    deployments.map(({ target_nodes }) => target_nodes),
    [[node], [node]],
    `the nodes that ${experiment.name} is deployed to`,
  );
}
