/** Ways to put a mutant into the platform. */
import type { HttpReply, HttpRequest } from "../../src/ports/index.js";
import type { WrapHandler } from "../../sim/world/cluster/index.js";
import { type Mutant, type Twist, twisted } from "./mutant.js";

type Platform = Mutant["platform"];

/** @returns A platform whose controllers send their statements through `twist`. */
export function controllerSql(makeTwist: () => Twist): Platform {
  return { controller: { ports: (ports) => ({ ...ports, sql: twisted(ports.sql, makeTwist()) }) } };
}

/** @returns A platform whose gateways send their statements through `twist`. */
export function gatewaySql(makeTwist: () => Twist): Platform {
  return { gateway: { ports: (ports) => ({ ...ports, sql: twisted(ports.sql, makeTwist()) }) } };
}

/** @returns A platform whose gateways answer through `change`; undefined leaves an answer as it is. */
export function gatewayAnswer(
  change: (request: HttpRequest, reply: HttpReply) => HttpReply | undefined,
): Platform {
  return {
    gateway: {
      handler: (handler) => async (request) => {
        const reply = await handler(request);
        return change(request, reply) ?? reply;
      },
    },
  };
}

/** @returns A platform whose gateways answer some requests without looking at them. */
export function gatewayStub(answer: (request: HttpRequest) => HttpReply | undefined): Platform {
  return { gateway: { handler: (handler) => async (request) => answer(request) ?? handler(request) } };
}

/** @returns A platform whose nodes answer some requests without looking at them. */
export function nodeStub(answer: (request: HttpRequest) => HttpReply | undefined): Platform {
  return { node: { handler: (handler) => async (request) => answer(request) ?? handler(request) } };
}

/** @returns A platform whose nodes answer through what `wrap` makes for each life. */
export function nodeHandler(wrap: WrapHandler): Platform {
  return { node: { handler: wrap } };
}

/** @returns A platform whose generators answer with other texts of configurations. */
export function generatedText(change: (text: string) => string): Platform {
  return {
    generator: {
      handler: (handler) => async (request) => {
        const reply = await handler(request);
        if (reply.status !== 200 || !request.url.includes("/generate")) return reply;
        const body = JSON.parse(reply.body) as Record<string, unknown>;
        const candidate_config = change(String(body["candidate_config"]));
        return { ...reply, body: JSON.stringify({ ...body, candidate_config }) };
      },
    },
  };
}

/** @returns A twist that takes an error with this code for success. */
export function ignoring(code: string): () => Twist {
  return () => (statement, values, run) =>
    run(statement, values).catch((error: unknown) => {
      if ((error as { readonly code?: unknown }).code !== code) throw error;
      return { rows: [], rowCount: 1 };
    });
}

/** @returns A reply with a JSON body. */
export function json(status: number, body: unknown): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
