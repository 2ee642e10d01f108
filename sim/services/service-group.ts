/** All replicas of one service, handled as one: an outage of the group is an outage of each. */
import type { CrashOptions, Outage, Service } from "./service.js";

export interface ServiceGroup {
  readonly name: string;
  /** One service a host, such as `gateway-0` and `gateway-1`. */
  readonly replicas: readonly Service[];
  /** Starts the replicas that are down. */
  start(): Promise<void>;
  /** Stops the replicas that are not down, gracefully. */
  stop(): Outage;
  /** Crashes the replicas that are not down. */
  crash(options?: CrashOptions): Outage;
  /** Freezes the replicas that are not down. */
  pause(): Outage;
  /** Crashes those that are up and starts all of them. */
  restart(): Promise<void>;
}

export function createServiceGroup(name: string, replicas: readonly Service[]): ServiceGroup {
  const notDown = (): readonly Service[] => replicas.filter(({ host }) => host.state !== "down");
  return {
    name,
    replicas,
    async start() {
      await all(replicas.filter(({ host }) => host.state === "down").map(async (service) => service.start()));
    },
    stop: () => together(notDown().map((service) => service.stop())),
    crash: (options) => together(notDown().map((service) => service.crash(options))),
    pause: () => together(notDown().map((service) => service.pause())),
    async restart() {
      await all(replicas.map(async (service) => service.restart()));
    },
  };
}

function together(outages: readonly Outage[]): Outage {
  return {
    get settled() {
      return all(outages.map(async ({ settled }) => settled));
    },
    heal: async () => all(outages.map(async (outage) => outage.heal())),
  };
}

async function all(steps: readonly Promise<void>[]): Promise<void> {
  await Promise.all(steps);
}
