/** Configurations that are not what was asked for. */
import { createGeneratorClient, GenerationRefused, type GeneratorClient } from "../../src/shared/index.js";
import type { ServicePorts } from "../../sim/world/cluster/index.js";
import type { Mutant } from "./mutant.js";
import { generatedText } from "./twists.js";

const clientOptions = { generatorUrl: "http://generator:8082", requestTimeoutMs: 5_000 };

type Change = (inner: GeneratorClient) => GeneratorClient["generate"];

/** @returns A part of a service that asks the generator through `change`, made anew for each life. */
function asking(change: Change): (ports: ServicePorts) => { readonly generator: GeneratorClient } {
  return ({ http }) => ({ generator: { generate: change(createGeneratorClient(http, clientOptions)) } });
}

const basic = `receivers: { hostmetrics: { collection_interval: 30s } }
processors: { batch: {} }
exporters: { prometheus: { endpoint: 0.0.0.0:8888 } }
service: { pipelines: { metrics: { receivers: [hostmetrics], processors: [batch], exporters: [prometheus] } } }
`;

const fallback: Change =
  (inner) =>
  async (...asked) =>
    inner.generate(...asked).catch((error: unknown) => {
      if (error instanceof GenerationRefused) throw error;
      return { baseline_config: basic, candidate_config: basic };
    });

export const generatorMutants: readonly Mutant[] = [
  {
    name: "silent-fallback",
    wrong: "when the generator cannot be asked, a basic configuration is taken instead",
    caughtBy: ["invariant/config-versions"],
    platform: { controller: { parts: asking(fallback) }, gateway: { parts: asking(fallback) } },
  },
  {
    name: "generator-remembers-experiments",
    wrong: "the generator keeps what it knows of experiments in memory, and knows nothing after a restart",
    caughtBy: ["invariant/config-versions"],
    platform: {
      generator: {
        handler: (handler) => {
          const known = new Set<string>();
          return async (request) => {
            const reply = await handler(request);
            if (reply.status !== 200 || !request.url.includes("/generate")) return reply;
            const { experiment_id: id, version } = JSON.parse(request.body) as Record<string, unknown>;
            if (version === 1) known.add(String(id));
            if (known.has(String(id))) return reply;
            const body = JSON.parse(reply.body) as Record<string, unknown>;
            return {
              ...reply,
              body: JSON.stringify({ ...body, baseline_config: basic, candidate_config: basic }),
            };
          };
        },
      },
    },
  },
  {
    name: "batch-comes-first",
    shows: "always",
    wrong: "metrics are batched before memory is limited",
    caughtBy: ["invariant/config-versions"],
    platform: generatedText((text) =>
      text.replaceAll(
        /- memory_limiter\n((?: +- .+\n)*) +- batch\n/g,
        "- batch\n        - memory_limiter\n$1",
      ),
    ),
  },
  {
    name: "variables-are-not-expanded",
    shows: "always",
    wrong: "variables are written as a shell would expand them",
    caughtBy: ["invariant/config-versions"],
    platform: generatedText((text) => text.replaceAll("${env:", "${")),
  },
  {
    name: "keep-and-drop-are-swapped",
    wrong: "what a filter should keep it drops",
    caughtBy: ["assertion/SIM_ASSERTION"],
    platform: generatedText((text) =>
      text.replaceAll(/- (not \()?(resource.*"low")\)?\n/g, (_all, not, rest) =>
        not === undefined ? `- not (${rest})\n` : `- ${rest}\n`,
      ),
    ),
  },
  {
    name: "reload-hits-the-baseline",
    shows: "always",
    wrong: "a change of the candidate changes the baseline",
    caughtBy: ["invariant/config-versions"],
    platform: {
      gateway: {
        parts: asking((inner) => async (subject, version, { candidate, ...rest }) => {
          const overrides = candidate === undefined ? rest : { ...rest, baseline: candidate };
          return inner.generate(subject, version, overrides);
        }),
      },
    },
  },
];
