/** Names of the settings of the platform, so that one that does not exist is refused. */
import type { ControllerOptions } from "../../src/controller/index.js";
import type { GatewayOptions } from "../../src/gateway/index.js";
import type { GeneratorOptions } from "../../src/generator/index.js";
import { checkOptions } from "../check-options.js";
import type { NodeOptions } from "../dataplane/index.js";
import type { PlatformOptions } from "./platform-options.js";

type Names<T> = Readonly<Record<keyof T, true>>;
type Part<Name extends keyof PlatformOptions> = NonNullable<PlatformOptions[Name]>;

const services = {
  gateway: { options: true, parts: true, ports: true, handler: true, socket: true } satisfies Names<
    Part<"gateway">
  >,
  controller: { options: true, parts: true, ports: true, handler: true } satisfies Names<Part<"controller">>,
  generator: { options: true, handler: true } satisfies Names<Part<"generator">>,
  prometheus: { config: true } satisfies Names<Part<"prometheus">>,
  node: { options: true, handler: true } satisfies Names<Part<"node">>,
} satisfies Record<keyof PlatformOptions, object>;

const gateway: Names<GatewayOptions> = {
  jwtSecret: true,
  jwtIssuer: true,
  tokenLifeMs: true,
  bodyMax: true,
  requestTimeoutMs: true,
  answerTimeoutMs: true,
  eventPollMs: true,
  socketBacklogMax: true,
  socketBufferMax: true,
  eventsKept: true,
  generatorUrl: true,
  prometheusUrl: true,
  controllerUrl: true,
};

const controller: Names<ControllerOptions> = {
  initWorkers: true,
  workers: true,
  tickMs: true,
  leaseMs: true,
  initHoldMs: true,
  analysisHoldMs: true,
  initTimeoutMs: true,
  analysisTimeoutMs: true,
  retryFirstMs: true,
  retryMostMs: true,
  readyPollMs: true,
  requestTimeoutMs: true,
  sweepTicks: true,
  shutdownGraceMs: true,
  generatorUrl: true,
  prometheusUrl: true,
  nodePort: true,
};

const generator: Names<GeneratorOptions> = { lastConfigsMax: true, renderingsMax: true, bodyLengthMax: true };

const node: Names<NodeOptions> = {
  reloadMs: true,
  backgroundProfile: true,
  backgroundProcessCount: true,
  collectorsMax: true,
  loadProcessesMax: true,
  metricsPortFirst: true,
};

/** @throws SimError `SIM_OPTION_INVALID` naming the part, the key and the nearest there is. */
export function checkPlatform(platform: PlatformOptions | undefined): void {
  if (platform === undefined) return;
  checkOptions("platform", platform, Object.keys(services));
  for (const [name, keys] of Object.entries(services))
    checkOptions(`platform.${name}`, platform[name as keyof PlatformOptions], Object.keys(keys));
  checkOptions("platform.gateway.options", platform.gateway?.options, Object.keys(gateway));
  checkOptions("platform.controller.options", platform.controller?.options, Object.keys(controller));
  checkOptions("platform.generator.options", platform.generator?.options, Object.keys(generator));
  checkOptions("platform.node.options", platform.node?.options, Object.keys(node));
}
