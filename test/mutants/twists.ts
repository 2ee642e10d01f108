/** Ways to put a mutant into the platform. */
import type { HttpReply, HttpRequest } from "../../src/ports/index.js";
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

/** @returns A reply with a JSON body. */
export function json(status: number, body: unknown): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
