/** What a world consists of once it stands; the pieces of its public surface are made from it. */
import type { ClientStreams, InstalledGlobals, WorldSockets } from "../edge/index.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Network } from "../network/index.js";
import type { Cluster, Interference, Service, Taps } from "../services/index.js";
import type { Recorder } from "../trace/index.js";
import type { Drivers } from "./drivers.js";
import type { ResolvedOptions } from "./options.js";

export interface WorldParts {
  readonly options: ResolvedOptions;
  readonly loop: Loop;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  /** The life of the host that the test's own requests come from. */
  readonly life: Incarnation;
  readonly fetch: typeof fetch;
  readonly sockets: WorldSockets;
  readonly streams: ClientStreams;
  readonly drivers: Drivers;
  /** The host of third parties, when there are any. */
  readonly outside: Service | undefined;
  readonly globals: InstalledGlobals | undefined;
  readonly taps: Taps;
  readonly interference: Interference;
}
