/** How the gateway behaves. Every time is in milliseconds. */

export interface GatewayOptions {
  /** Key of the signature of tokens. @default "phoenix-development-secret" */
  readonly jwtSecret?: string;
  /** Who issues tokens. @default "phoenix-platform" */
  readonly jwtIssuer?: string;
  /** How long a token is good. @default 86_400_000 */
  readonly tokenLifeMs?: number;
  /** Largest request body, in characters. @default 1_048_576 */
  readonly bodyMax?: number;
  /** Limit of one request to another service. @default 10_000 */
  readonly requestTimeoutMs?: number;
  /** How long one request may take; then it is answered 503, whatever becomes of its work. @default 20_000 */
  readonly answerTimeoutMs?: number;
  /** While sockets are open, between two looks for events that no message told of. @default 1_000 */
  readonly eventPollMs?: number;
  /** Frames a socket may be behind before it is closed. @default 256 */
  readonly socketBacklogMax?: number;
  /** Characters the peer of a socket may be behind before it is closed. @default 262_144 */
  readonly socketBufferMax?: number;
  /** Events kept in memory for sockets that subscribe late or come back. @default 1_024 */
  readonly eventsKept?: number;
  /** @default "http://generator:8082" */
  readonly generatorUrl?: string;
  /** @default "http://prometheus:9090" */
  readonly prometheusUrl?: string;
  /** @default "http://controller:8081" */
  readonly controllerUrl?: string;
}

export type ResolvedGatewayOptions = Required<GatewayOptions>;

const defaults: ResolvedGatewayOptions = {
  jwtSecret: "phoenix-development-secret",
  jwtIssuer: "phoenix-platform",
  tokenLifeMs: 86_400_000,
  bodyMax: 1_048_576,
  requestTimeoutMs: 10_000,
  answerTimeoutMs: 20_000,
  eventPollMs: 1_000,
  socketBacklogMax: 256,
  socketBufferMax: 262_144,
  eventsKept: 1_024,
  generatorUrl: "http://generator:8082",
  prometheusUrl: "http://prometheus:9090",
  controllerUrl: "http://controller:8081",
};

/** Fills in what is missing. @throws RangeError when a number is not positive or the secret is empty. */
export function resolveGatewayOptions(options: GatewayOptions = {}): ResolvedGatewayOptions {
  const resolved = { ...defaults, ...options };
  for (const [name, value] of Object.entries(resolved)) {
    const wrong = typeof value === "number" ? !(value > 0 && Number.isFinite(value)) : value === "";
    if (wrong) throw new RangeError(`Gateway option ${name} must not be ${JSON.stringify(value)}.`);
  }
  return Object.freeze(resolved);
}

/** @returns Bytes beyond which a body has too many characters, whatever they are. */
export function bodyBytesMaxOf({ bodyMax }: Pick<ResolvedGatewayOptions, "bodyMax">): number {
  // A character takes three bytes of UTF-8 at the most; one of two halves takes four.
  return 3 * bodyMax;
}
