/** Prometheus on a host: scrapes the platform's services and, through service discovery, every collector. */
import { platformRules } from "../../src/analysis/index.js";
import type { Incarnation } from "../kernel/index.js";
import {
  type Prometheus,
  type PrometheusConfig,
  type Storage,
  createPrometheus,
} from "../prometheus/index.js";
import { controllerPort } from "./controller.js";
import { gatewayPort } from "./gateway.js";
import { generatorPort } from "./generator.js";
import { createClockPort, createLoggerPort } from "./ports.js";
import { interfered } from "./interference.js";
import type { WrapConfig } from "./platform-options.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const prometheusPort = 9090;

/** @param onBoot - Gets the instance of each life. */
export function prometheusInstance(
  { loop, network, recorder, interference }: World,
  life: Incarnation,
  config: PrometheusConfig,
  storage: Storage,
  onBoot: (prometheus: Prometheus) => void,
): Instance {
  const prometheus = createPrometheus({
    config,
    storage,
    clock: createClockPort(life),
    http: network.http(life),
    logger: createLoggerPort(loop, life, recorder),
  });
  return {
    start() {
      onBoot(prometheus);
      network.listen(life, prometheusPort, {
        onRequest: interfered(interference, life.name, prometheus.handle),
      });
      prometheus.start();
    },
    stop: () => prometheus.stop(),
  };
}

/** Hosts of the services that are scraped by name. */
export interface ScrapedHosts {
  readonly gateway: readonly string[];
  readonly controller: readonly string[];
  readonly generator: readonly string[];
}

const asItIs: WrapConfig = (config) => config;

/** @returns A function that gives worlds of one size and one wrap the same object, so that it is parsed once. */
export function createScrapeConfigs(): (hosts: ScrapedHosts, wrap?: WrapConfig) => PrometheusConfig {
  const byWrap = new WeakMap<WrapConfig, Map<string, PrometheusConfig>>();
  return (hosts, wrap = asItIs) => {
    const known = byWrap.get(wrap) ?? new Map<string, PrometheusConfig>();
    byWrap.set(wrap, known);
    const key = JSON.stringify(hosts);
    const config = known.get(key) ?? wrap(platformScrapeConfig(hosts));
    known.set(key, config);
    return config;
  };
}

/** What the platform's Prometheus scrapes: each replica of its services, and what the controllers discover. */
function platformScrapeConfig(replicas: ScrapedHosts): PrometheusConfig {
  const job = (name: string, hosts: readonly string[], port: number) => ({
    job_name: name,
    static_configs: [{ targets: hosts.map((host) => `${host}:${port}`) }],
  });
  return {
    global: { scrape_interval: "15s", evaluation_interval: "15s" },
    rule_files: platformRules,
    scrape_configs: [
      job("phoenix-api-gateway", replicas.gateway, gatewayPort),
      job("phoenix-experiment-controller", replicas.controller, controllerPort),
      job("phoenix-config-generator", replicas.generator, generatorPort),
      {
        job_name: "phoenix-collectors",
        http_sd_configs: [
          { url: `http://controller:${controllerPort}/sd/collectors`, refresh_interval: "15s" },
        ],
      },
    ],
  };
}
