/**
 * Interference: what faults do inside servers, where no rule of the network reaches. A service asks here before
 * it serves and after; with no fault in force that costs a look at an empty list.
 */
import type { HttpHandler, HttpReply, HttpRequest } from "../../../src/ports/index.js";

/** Does something to HTTP exchanges at the server. */
interface HttpFaultHooks {
  /** Answers instead of the service; undefined lets the request through. */
  before?(host: string, request: HttpRequest, from: string | undefined): HttpReply | undefined;
  /** Changes what the service answered. */
  after?(host: string, request: HttpRequest, reply: HttpReply): HttpReply;
}

/** One statement on its way into PostgreSQL. */
interface ArrivingStatement {
  /** Host that sent it. */
  readonly from: string;
  readonly name: string;
}

export interface ServerFaultHooks {
  /** Each list is asked in order; whoever adds something takes it out again. */
  readonly http: Set<HttpFaultHooks>;
  /** @returns SQLSTATE with which the statement fails; undefined lets it through. */
  readonly sql: Set<(statement: ArrivingStatement) => string | undefined>;
  /** @returns Whether a message that Redis publishes to a client is lost. */
  readonly push: Set<(to: string) => boolean>;
}

export function createServerFaultHooks(): ServerFaultHooks {
  return { http: new Set(), sql: new Set(), push: new Set() };
}

/** @returns A handler that lets faults act before and after `handler`. */
export function withFaultHooks(
  faultHooks: ServerFaultHooks,
  host: string,
  handler: HttpHandler,
): (request: HttpRequest, from?: string) => Promise<HttpReply> {
  return async (request, from) => {
    for (const { before } of faultHooks.http) {
      const reply = before?.(host, request, from);
      if (reply !== undefined) return reply;
    }
    let reply = await handler(request);
    for (const { after } of faultHooks.http) reply = after?.(host, request, reply) ?? reply;
    return reply;
  };
}
