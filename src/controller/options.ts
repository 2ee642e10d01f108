/** How the controller behaves. Every time is in milliseconds. */

export interface ControllerOptions {
  /** Experiments that may be brought up at once; the others wait in order. @default 10 */
  readonly initWorkers?: number;
  /** Other steps that may run at once. @default 10 */
  readonly workers?: number;
  /** Between two looks at everything; finds what a lost hint hid. @default 30_000 */
  readonly tickMs?: number;
  /** After this long without a change of hands, a lease counts as left behind. @default 15_000 */
  readonly leaseMs?: number;
  /** `initializing` is visible at least this long. @default 2_000 */
  readonly initHoldMs?: number;
  /** `analyzing` is visible at least this long. @default 5_000 */
  readonly analysisHoldMs?: number;
  /** Bringing up may take this long, from the first attempt. @default 600_000 */
  readonly initTimeoutMs?: number;
  /** Analyzing may take this long. @default 1_800_000 */
  readonly analysisTimeoutMs?: number;
  /** First pause after a failed step; doubles. @default 1_000 */
  readonly retryFirstMs?: number;
  /** Longest pause between two attempts. @default 15_000 */
  readonly retryMostMs?: number;
  /** Longest pause between two looks at collectors that are coming up or take a new version. @default 5_000 */
  readonly readyPollMs?: number;
  /** Limit of one request to a node, the generator or Prometheus. @default 5_000 */
  readonly requestTimeoutMs?: number;
  /** Ticks a node is still looked at after its last experiment ended; those in which it is silent do not count. @default 10 */
  readonly sweepTicks?: number;
  /** Shutdown waits this long for steps under way. @default 30_000 */
  readonly shutdownGraceMs?: number;
  /** @default "http://generator:8082" */
  readonly generatorUrl?: string;
  /** @default "http://prometheus:9090" */
  readonly prometheusUrl?: string;
  /** Port of the agent on each node. @default 8090 */
  readonly nodePort?: number;
}

export type ResolvedControllerOptions = Required<ControllerOptions>;

const defaults: ResolvedControllerOptions = {
  initWorkers: 10,
  workers: 10,
  tickMs: 30_000,
  leaseMs: 15_000,
  initHoldMs: 2_000,
  analysisHoldMs: 5_000,
  initTimeoutMs: 600_000,
  analysisTimeoutMs: 1_800_000,
  retryFirstMs: 1_000,
  retryMostMs: 15_000,
  readyPollMs: 5_000,
  requestTimeoutMs: 5_000,
  sweepTicks: 10,
  shutdownGraceMs: 30_000,
  generatorUrl: "http://generator:8082",
  prometheusUrl: "http://prometheus:9090",
  nodePort: 8090,
};

/** Fills in what is missing. @throws RangeError when a number is not a positive one. */
export function resolveControllerOptions(options: ControllerOptions = {}): ResolvedControllerOptions {
  const resolved = { ...defaults, ...options };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === "number" && !(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`Controller option ${name} must be a positive number, not ${value}.`);
    }
  }
  return Object.freeze(resolved);
}
