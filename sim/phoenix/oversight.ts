/** What watches a world and what disturbs it: invariants, properties of the user, faults by hand and as a storm. */
import { type FaultDesk, type Storm, createFaultDesk, profileNamed, startStorm } from "../faults/index.js";
import { InvariantError, type InvariantHub, createInvariantHub, testWriter } from "../invariants/index.js";
import type { Duration } from "../kernel/index.js";
import { complaintsOf } from "./complaints.js";
import { converge } from "./converge.js";
import type { Writer } from "../services/index.js";
import type { WorldParts } from "./parts.js";
import { type Properties, createProperties } from "./properties.js";

export interface Oversight {
  readonly faults: FaultDesk;
  readonly storm: Storm;
  readonly properties: Properties;
  /** Lets the storm strike no more, and ends every fault in force. */
  heal(): Promise<void>;
  /** Ends all faults, then lets time pass until nothing is pending. */
  converge(within: Duration): Promise<void>;
}

export function createOversight(parts: WorldParts): Oversight {
  const { loop, options } = parts;
  let writing: Error | undefined;
  const fail = (invariant: string, problem: string, cause = writing): void => {
    const complaints = complaintsOf(parts.recorder, loop.clock.nowMs - 1000);
    loop.fail(new InvariantError(invariant, problem, complaints, cause));
  };
  const hub = createInvariantHub(options.invariants, {
    get nowMs() {
      return loop.clock.nowMs;
    },
    epochMs: loop.clock.epochMs,
    fail: (invariant, problem) => fail(invariant, problem),
    rows: (table) => parts.cluster.postgres.inspect.rows(table),
    collectors: () =>
      new Map([...parts.cluster.disks].map(([node, disk]) => [node, [...disk.collectors.values()]])),
    loads: () => new Map([...parts.cluster.disks].map(([node, disk]) => [node, [...disk.loads.values()]])),
    versionOnceLive: (node, experimentId, variant) => onceLive(parts, node, `${experimentId}/${variant}`),
    nodesOfSeries: (experimentId) => nodesOfSeries(parts, experimentId),
  });
  const whileWriting = ({ stack }: Partial<Writer> = {}, tell: () => void): void => {
    writing = stack === undefined ? undefined : Object.assign(new Error("written here"), { stack });
    tell();
    writing = undefined;
  };
  if (options.invariants.length > 0) connect(parts, hub, whileWriting);
  const faults = createFaultDesk(parts);
  const { profile, windowMs } = options.faults;
  const storm = startStorm(parts, profileNamed(profile)(options.seed), { windowMs });

  async function heal(): Promise<void> {
    await storm.end();
    await faults.healAll();
  }

  return {
    faults,
    storm,
    heal,
    properties: createProperties(fail),
    async converge(within) {
      await heal();
      await converge({ loop, hub, recorder: parts.recorder }, within);
    },
  };
}

type WhileWriting = (by: Writer | undefined, tell: () => void) => void;

function connect({ cluster, taps }: WorldParts, hub: InvariantHub, whileWriting: WhileWriting): void {
  cluster.postgres.inspect.onCommit((changes, pid) => {
    const by = cluster.writer(pid);
    whileWriting(by, () => hub.committed(changes, by ?? testWriter));
  });
  taps.add({ asked: hub.asked, answered: hub.answered, frame: hub.told, heard: hub.heard });
}

function onceLive({ cluster }: WorldParts, node: string, key: string): number {
  const disk = cluster.disks.get(node);
  const port = disk?.collectors.get(key)?.port;
  // What was accepted long enough ago becomes live when somebody looks.
  if (port !== undefined) cluster.agent(node)?.metrics(port);
  return disk?.onceLive.get(key) ?? 0;
}

function nodesOfSeries({ cluster }: WorldParts, experimentId: string): readonly string[] {
  const selector = `{experiment_id=${JSON.stringify(experimentId)}, node_name!=""}`;
  const result = cluster.prometheus().query(`group by (node_name) (last_over_time(${selector}[1h]))`);
  return result.type === "vector" ? result.samples.map(({ labels }) => labels.get("node_name") ?? "") : [];
}
