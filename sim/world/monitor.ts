/** What watches a world and what disturbs it: invariants, properties of the user, faults by hand and by the nemesis. */
import { SimError } from "../errors.js";
import {
  advance,
  formatDuration,
  parseDuration,
  type Duration,
  type Loop,
  type Step,
} from "../kernel/index.js";
import type { Recorder } from "../kernel/trace.js";
import type { Writer } from "./cluster/index.js";
import {
  createFaultController,
  profileNamed,
  startNemesis,
  type FaultController,
  type Nemesis,
} from "./faults/index.js";
import { InvariantError, createInvariantHub, testWriter, type InvariantHub } from "./invariants/index.js";
import type { WorldParts } from "./parts.js";
import { recentWarningsOf } from "./unhandled.js";

// The second phase of a run: faults have ended, and the world must settle.

/** Thrown when a healed world does not quiesce; `invariant` names what is still to come. */
export class ConvergenceError extends SimError {
  readonly invariant: string;

  /** @param recentWarnings - The last that services logged, for a look at the cause. */
  constructor(invariant: string, within: string, reason: string, recentWarnings: readonly string[] = []) {
    const logged =
      recentWarnings.length === 0 ? [] : ["Recent warnings and errors of services:", ...recentWarnings];
    super(
      "SIM_NOT_CONVERGED",
      [
        `The world did not settle within ${within} after its faults had ended: ${reason} (${invariant}).`,
        ...logged,
      ].join("\n  "),
      "Look at what waits: a lost hint that no tick repairs, a lease that nobody takes over, a retry that ended.",
    );
    this.invariant = invariant;
  }
}

/** How often it is asked, in virtual milliseconds. */
const lookEveryMs = 2_000;

interface Converging {
  readonly loop: Loop;
  readonly hub: InvariantHub;
  /** What services logged. */
  readonly recorder: Pick<Recorder, "lines">;
}

/** Lets time pass until nothing is pending. @throws ConvergenceError when that takes too long. */
async function converge({ loop, hub, recorder }: Converging, within: Duration): Promise<void> {
  const startMs = loop.clock.nowMs;
  const withinMs = parseDuration(within, "the limit of a convergence");
  let sinceMs = new Map<string, number>();
  for (let pending = hub.pending(); pending.length > 0; pending = hub.pending()) {
    const { nowMs } = loop.clock;
    sinceMs = new Map(pending.map(({ reason }) => [reason, sinceMs.get(reason) ?? nowMs]));
    const late = pending.find(
      ({ reason, msMax }) => nowMs >= startMs + withinMs || nowMs > (sinceMs.get(reason) ?? nowMs) + msMax,
    );
    if (late !== undefined) {
      const allowedMs = Math.min(withinMs, late.msMax);
      throw new ConvergenceError(
        late.invariant,
        formatDuration(allowedMs),
        late.reason,
        recentWarningsOf(recorder),
      );
    }
    await advance(loop, lookEveryMs);
  }
  hub.finished();
  // Throws what an invariant found just now, and so that the end of the world does not tell it once more.
  await advance(loop, 0);
}

// What a user says of a world: what always holds, and what should come true in some run.

interface Properties {
  /** Checks `holds` after each event from now on. False, or a throw, ends the world. */
  always(name: string, holds: () => boolean | void): void;
  /** Declares something that should come true in some run of a campaign. A function is asked after each event. */
  sometimes(name: string, condition: boolean | (() => boolean)): void;
  /** Says that this place was reached, which some run of a campaign should. */
  reachable(name: string): void;
  /** Names declared by `sometimes` and `reachable`, and those of them that were observed here. */
  readonly sometimesSeen: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** To be called before each step: what ran before it has quiesced. */
  onQuiescence(step?: Step): void;
}

/** Ends the world. @param cause - Stands where the property was declared, or was thrown there. */
type Fail = (name: string, problem: string, cause: Error) => void;

interface Always {
  readonly name: string;
  readonly holds: () => unknown;
  readonly declared: Error;
}

function createProperties(fail: Fail): Properties {
  const always: Always[] = [];
  const waiting = new Map<string, () => boolean>();
  const declared = new Set<string>();
  const reached = new Set<string>();
  return {
    always(name, holds) {
      always.push({ name, holds, declared: new Error(`"${name}" was declared here`) });
    },
    sometimes(name, condition) {
      declared.add(name);
      if (condition === true) reached.add(name);
      else if (typeof condition === "function" && !reached.has(name)) waiting.set(name, condition);
    },
    reachable(name) {
      declared.add(name);
      reached.add(name);
    },
    get sometimesSeen() {
      return { declared: [...declared], reached: [...reached] };
    },
    onQuiescence() {
      for (const { name, holds, declared: here } of always) {
        try {
          const held = holds();
          if (held === false) fail(name, "it returned false", here);
          if (held instanceof Promise)
            fail(name, "it returned a promise, and what it resolves to comes too late", here);
        } catch (error) {
          fail(
            name,
            error instanceof Error ? error.message : String(error),
            error instanceof Error ? error : here,
          );
        }
      }
      for (const [name, condition] of waiting) {
        if (!condition()) continue;
        reached.add(name);
        waiting.delete(name);
      }
    },
  };
}

export interface Monitor {
  readonly faults: FaultController;
  readonly nemesis: Nemesis;
  readonly properties: Properties;
  /** Stops the nemesis, and ends every active fault. */
  heal(): Promise<void>;
  /** Ends all faults, then lets time pass until nothing is pending. */
  converge(within: Duration): Promise<void>;
}

export function createMonitor(parts: WorldParts): Monitor {
  const { loop, options } = parts;
  let writing: Error | undefined;
  const fail = (invariant: string, problem: string, cause = writing): void => {
    const recentWarnings = recentWarningsOf(parts.recorder, loop.clock.nowMs - 1000);
    loop.fail(new InvariantError(invariant, problem, recentWarnings, cause));
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
  const whileWriting = ({ stack }: Partial<Writer> = {}, action: () => void): void => {
    writing = stack === undefined ? undefined : Object.assign(new Error("written here"), { stack });
    action();
    writing = undefined;
  };
  if (options.invariants.length > 0) connect(parts, hub, whileWriting);
  const faults = createFaultController(parts);
  const { profile, windowMs } = options.faults;
  const nemesis = startNemesis(parts, profileNamed(profile)(options.seed), { windowMs });

  async function heal(): Promise<void> {
    await nemesis.end();
    await faults.healAll();
  }

  return {
    faults,
    nemesis,
    heal,
    properties: createProperties(fail),
    async converge(within) {
      await heal();
      await converge({ loop, hub, recorder: parts.recorder }, within);
    },
  };
}

type WhileWriting = (by: Writer | undefined, action: () => void) => void;

function connect({ cluster, observers }: WorldParts, hub: InvariantHub, whileWriting: WhileWriting): void {
  cluster.postgres.inspect.onCommit((changes, pid) => {
    const by = cluster.writer(pid);
    whileWriting(by, () => hub.onCommit(changes, by ?? testWriter));
  });
  observers.add({
    onRequest: hub.onRequest,
    onResponse: hub.onResponse,
    onFrame: hub.onFrame,
    onClientMessage: hub.onClientMessage,
  });
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
