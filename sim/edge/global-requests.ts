/**
 * `request` and `get` of `node:http` and `node:https` while a world has the globals: requests to its hosts pass by
 * whatever mocks of the user's are there, which might report or refuse what they have no handler for.
 */
import http from "node:http";
import https from "node:https";

import type { Loop } from "../kernel/index.js";
import type { Fabric } from "../network/index.js";
import { type LayeredGlobal, layGlobal } from "./layered-global.js";
import { placeOf } from "./routes.js";
import type { Undo } from "./undo.js";

type Send = (...args: unknown[]) => http.ClientRequest;

/** What makes a request, if it was not replaced: mocks replace `http.ClientRequest`, but keep its prototype. */
const NativeRequest = http.ClientRequest.prototype.constructor as typeof http.ClientRequest;

export interface RequestsOptions {
  readonly fabric: Fabric;
  readonly loop: Loop;
  /** Called when somebody takes one of the functions. */
  readonly onRead: () => void;
}

/** @returns What lies over `http.request`, `http.get`, and those of https. */
export function installRequests(
  { fabric, loop, onRead }: RequestsOptions,
  undo: Undo,
): readonly LayeredGlobal[] {
  let isActive = true;
  undo.add(() => {
    isActive = false;
  });

  return [http, https].flatMap((module) => {
    const isSecure = (module as unknown) === https;

    function toWorld(args: readonly unknown[]): http.ClientRequest | undefined {
      if (!isActive || placeOf(fabric, hostOf(args)) !== "world") return undefined;
      const given = [...args] as [string];
      if (!isSecure) return new NativeRequest(...given);
      // As `https.request` has it.
      const agent = { _defaultAgent: https.globalAgent };
      const at = args.findIndex(
        (each) => typeof each === "object" && each !== null && !(each instanceof URL),
      );
      if (at < 0) given.splice(1, 0, agent as never);
      else given[at] = { ...agent, ...(args[at] as object) } as never;
      return new NativeRequest(...given);
    }

    const cover =
      (end: boolean) =>
      (below: Send): Send =>
      (...args) => {
        const request = toWorld(args);
        if (request !== undefined) {
          if (end) request.end();
          return request;
        }
        const elsewhere = below(...args);
        if (isActive && placeOf(fabric, hostOf(args)) === "elsewhere") {
          elsewhere.once("close", loop.beginMockedRequest());
        }
        return elsewhere;
      };
    return (["request", "get"] as const).map((key) =>
      layGlobal({ target: module, key, cover: cover(key === "get"), onRead }, undo),
    );
  });
}

// Arguments are (url), (options) or (url, options), each with a callback.
function hostOf(args: readonly unknown[]): string {
  let host = "localhost";
  for (const arg of args.slice(0, 2)) {
    if (typeof arg === "string") host = URL.canParse(arg) ? new URL(arg).hostname : host;
    else if (arg instanceof URL) host = arg.hostname;
    else if (typeof arg === "object" && arg !== null) {
      const options = arg as { hostname?: string | null; host?: string | null; socketPath?: string };
      if (options.socketPath !== undefined) return "localhost";
      host = options.hostname ?? options.host ?? host;
    }
  }
  return host;
}
