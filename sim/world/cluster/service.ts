/**
 * A service under supervision: a host, and a factory that builds a new instance for each of its incarnations.
 *
 * Stopping is graceful, crashing is not, pausing freezes. Each gives an outage that `heal` ends.
 */
import { SimError } from "../../errors.js";
import {
  holdWhile,
  parseDuration,
  type Duration,
  type Host,
  type Incarnation,
  type Loop,
} from "../../kernel/index.js";
import type { NodeAgent, NodeFault } from "../../servers/collector/index.js";
import { checkOptions } from "../../shared/text.js";

/** One instance of a service: what a factory builds for one incarnation. */
export interface Instance {
  /** Resolves when the service is ready for work. */
  start(): Promise<void> | void;
  /** Finishes what is under way; the incarnation ends when it resolves, or when the grace period is over. */
  stop(): Promise<void> | void;
}

/** An outage in force. */
export interface Outage {
  /** Resolves when the service has come to the state asked for: at once, or after a graceful stop. */
  readonly settled: Promise<void>;
  /** Brings the service back and resolves when it is ready. Healing twice does nothing. */
  heal(): Promise<void>;
}

export interface CrashOptions {
  /** Virtual time after which the service comes back by itself. Without it, only `heal` or `start` does. */
  readonly restartAfter?: Duration;
}

export interface Service {
  /** Name of its host, such as `gateway-0`. */
  readonly name: string;
  readonly host: Host;
  /** Starts a service that is down. @throws SimError `SIM_HOST_STATE` when it is not down. */
  start(): Promise<void>;
  /** Stops gracefully: what is under way may finish, for at most 30 virtual seconds. */
  stop(): Outage;
  /** Ends the process at once: memory, timers and connections are gone. */
  crash(options?: CrashOptions): Outage;
  /** Freezes the host: nobody learns of it. */
  pause(): Outage;
  /** Crashes it if it is up, and starts it again. */
  restart(): Promise<void>;
}

const graceMs = 30_000;

export interface ServiceOptions {
  readonly loop: Loop;
  readonly host: Host;
  /** Builds an instance for one incarnation; called at each start. */
  readonly build: (incarnation: Incarnation) => Instance;
}

export function createService({ loop, host, build }: ServiceOptions): Service {
  let instance: Instance | undefined;

  async function start(): Promise<void> {
    const incarnation = host.boot();
    const starting = build(incarnation);
    instance = starting;
    // A incarnation that ends while it starts never gets ready; whoever waits for it must not wait for ever.
    const ended = new Promise<void>((resolve) => {
      incarnation.onDeath(resolve);
    });
    await Promise.race([starting.start(), ended]);
  }

  async function stopGracefully(): Promise<void> {
    const incarnation = host.incarnation;
    const stopping = instance;
    if (incarnation === undefined || stopping === undefined) return;
    await new Promise<void>((resolve) => {
      incarnation.onDeath(resolve);
      loop.schedule(graceMs, "timer", "shutdown-grace", () => incarnation.alive && host.kill());
      Promise.resolve(stopping.stop()).then(
        () => incarnation.alive && host.kill(),
        (error: unknown) => loop.fail(error as Error),
      );
    });
  }

  function outage(settled: Promise<void>, bringBack: () => Promise<void> | void): Outage {
    let healed: Promise<void> | undefined;
    return {
      // Asked for, not made in advance: only somebody who awaits it makes time move.
      get settled() {
        return holdWhile(loop, `${host.name} to stop`, settled);
      },
      async heal() {
        healed ??= settled.then(bringBack);
        await holdWhile(loop, `${host.name} to come back`, healed);
      },
    };
  }

  async function bringUp(): Promise<void> {
    if (host.state === "down") await start();
  }

  return {
    name: host.name,
    host,
    start: async () => holdWhile(loop, `${host.name} to start`, start()),
    stop() {
      requireUp(host, "stop");
      return outage(stopGracefully(), bringUp);
    },
    crash(options = {}) {
      checkOptions("crash", options, ["restartAfter"]);
      const { restartAfter } = options;
      requireUp(host, "crash");
      host.kill();
      if (restartAfter !== undefined) {
        loop.schedule(parseDuration(restartAfter, "restartAfter"), "task", `${host.name}/restart`, () => {
          bringUp().catch((error: unknown) => loop.fail(error as Error));
        });
      }
      return outage(Promise.resolve(), bringUp);
    },
    pause() {
      requireUp(host, "pause");
      host.pause();
      return outage(Promise.resolve(), () => host.resume());
    },
    async restart() {
      host.kill();
      await holdWhile(loop, `${host.name} to restart`, start());
    },
  };
}

function requireUp(host: Host, step: string): void {
  if (host.state !== "down") return;
  throw new SimError(
    "SIM_HOST_STATE",
    `Cannot ${step} ${host.name}: it is down.`,
    `Start it first, or look whether an earlier outage of ${host.name} was never healed.`,
  );
}

// A node under supervision, with the faults that only a node knows: those of its collectors.

export interface SimulatedNode extends Service {
  /**
   * Kills one collector process; it comes back with the newest version it was given, after the reload time.
   *
   * @param variant - `baseline` or `candidate`.
   */
  crashCollector(experimentId: string, variant: string): void;
  /** From now on collectors take new configurations but do not apply them, until it is healed. */
  stickReloads(): NodeFault;
  /** Multiplies the latency that collectors report, until it is healed. @param factor - Above 0. */
  slowCollectors(factor: number): NodeFault;
}

/** @param agent - The agent of the node's present incarnation. */
export function createSimulatedNode(service: Service, agent: () => NodeAgent | undefined): SimulatedNode {
  function running(step: string): NodeAgent {
    const found = service.host.state === "down" ? undefined : agent();
    if (found !== undefined) return found;
    throw new SimError(
      "SIM_HOST_STATE",
      `Cannot ${step} on ${service.name}: it is down.`,
      "Start the node first.",
    );
  }
  return {
    ...service,
    crashCollector: (experimentId, variant) => {
      running("crash a collector").crashCollector(experimentId, variant);
    },
    stickReloads: () => running("stick reloads").stuckReload(),
    slowCollectors: (factor) => running("slow collectors").slowCollectors(factor),
  };
}
