/** The hub: tells every invariant what happened, and says what broke. */
import { SimError } from "../../errors.js";
import { readTarget } from "./requests.js";
import { claimsOfOpening, readClaims, tokenOfFrame } from "./sockets.js";
import {
  testWriter,
  type Claims,
  type Invariant,
  type InvariantView,
  type RowChange,
  type RowImage,
  type Socket,
  type Watcher,
  type Writer,
} from "./watch.js";

/** Thrown when something that must always hold does not. */
export class InvariantError extends SimError {
  /** Name of the invariant. */
  readonly invariant: string;

  /**
   * @param recentWarnings - The last that services logged, for a look at the cause.
   * @param cause - What stands where it was asked for, or was thrown there.
   */
  constructor(invariant: string, problem: string, recentWarnings: readonly string[] = [], cause?: Error) {
    const logged =
      recentWarnings.length === 0 ? [] : ["Recent warnings and errors of services:", ...recentWarnings];
    super(
      "SIM_INVARIANT",
      [`The invariant "${invariant}" does not hold: ${problem}.`, ...logged].join("\n  "),
      "The story says what led to it, and the trace of a replay says it event by event.",
      cause === undefined ? undefined : { cause },
    );
    this.invariant = invariant;
    // It is found far from there.
    const places = cause?.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
    if (places.length > 0) this.stack = [`${this.name}: ${problem}`, ...places].join("\n");
  }
}

/** What the hub needs of a world. */
export interface HubParts extends Omit<InvariantView, "fail" | "experiment" | "experiments"> {
  /** Ends the world. */
  fail(invariant: string, problem: string): void;
}

/** A socket as observers of a world see it. */
interface ObservedSocket {
  readonly id: number;
  readonly host: string;
  readonly request: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly open: boolean;
}

/** A request as it arrived at a gateway. */
interface ObservedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Something that is still to come. */
interface Pending {
  readonly invariant: string;
  readonly reason: string;
  /** How long this may stay so, in virtual milliseconds; see `Invariant.pendingMsMax`. */
  readonly msMax: number;
}

export interface InvariantHub {
  onCommit(changes: readonly RowChange[], by: Writer | undefined): void;
  onRequest(request: ObservedRequest): void;
  /** With the very request that `onRequest` got. */
  onResponse(answer: {
    readonly host: string;
    readonly request: ObservedRequest;
    readonly reply: { readonly status: number; readonly body: string };
    readonly askedAtMs: number;
    /** @default the time of the world */
    readonly hostNowMs?: number;
  }): void;
  onFrame(socket: ObservedSocket, text: string): void;
  onClientMessage(socket: ObservedSocket, text: string): void;
  /** What is still to come, by invariant; empty when the world has converged. */
  pending(): readonly Pending[];
  /** To be called once, when nothing is pending any more. */
  finished(): void;
}

export function createInvariantHub(invariants: readonly Invariant[], parts: HubParts): InvariantHub {
  const experiments = new Map<string, RowImage>();
  const authenticated = new Map<number, Claims | undefined>();
  const watchers = invariants.map((invariant) => ({
    name: invariant.name,
    msMax: invariant.pendingMsMax ?? Infinity,
    watcher: invariant.watch(viewFor(invariant.name)),
  }));
  const watchersOf = (hook: keyof Watcher) =>
    watchers.map(({ watcher }) => watcher).filter((watcher) => watcher[hook] !== undefined);
  const [onCommit, requestWatchers, responseWatchers] = [
    watchersOf("onCommit"),
    watchersOf("onRequest"),
    watchersOf("onResponse"),
  ];
  const questions = new WeakMap<ObservedRequest, number>();
  let asked = 0;
  const [frameWatchers, clientMessageWatchers] = [watchersOf("onFrame"), watchersOf("onClientMessage")];
  let judging = true;

  function viewFor(name: string): InvariantView {
    return {
      get nowMs() {
        return parts.nowMs;
      },
      epochMs: parts.epochMs,
      fail: (problem) => {
        if (judging) parts.fail(name, problem);
      },
      rows: parts.rows,
      experiment: (id) => experiments.get(id),
      experiments: () => experiments.values(),
      collectors: parts.collectors,
      loads: parts.loads,
      versionOnceLive: parts.versionOnceLive,
      nodesOfSeries: parts.nodesOfSeries,
    };
  }

  function socketOf(observed: ObservedSocket): Socket {
    return {
      id: observed.id,
      host: observed.host,
      url: observed.request.url,
      claims: authenticated.get(observed.id),
      get open() {
        return observed.open;
      },
    };
  }

  function authenticate({ id, request }: ObservedSocket): void {
    if (!authenticated.has(id)) authenticated.set(id, claimsOfOpening(request));
  }

  function onAuthenticated({ id, request }: ObservedSocket, token: string): void {
    const claims = token === "" ? claimsOfOpening(request) : readClaims(token);
    if (claims !== undefined) authenticated.set(id, claims);
  }

  return {
    onCommit(changes, by) {
      for (const { table, key, after } of changes) {
        if (table !== "experiments") continue;
        if (after !== null) experiments.set(key, after);
        else if (by === testWriter) experiments.delete(key);
      }
      judging = by !== testWriter;
      for (const watcher of onCommit) watcher.onCommit?.(changes, by);
      judging = true;
    },
    onRequest(request) {
      if (request.method === "GET" || requestWatchers.length === 0) return;
      asked += 1;
      questions.set(request, asked);
      const { method, headers, body: requestBody } = request;
      const claims = readClaims(headers["authorization"] ?? "");
      const question = { id: asked, method, path: readTarget(request.url).path, requestBody, claims };
      for (const watcher of requestWatchers) watcher.onRequest?.(question);
    },
    onResponse({ host, request, reply, askedAtMs, hostNowMs = parts.epochMs + parts.nowMs }) {
      const { path, query } = readTarget(request.url);
      const answer = {
        question: questions.get(request) ?? 0,
        host,
        method: request.method,
        path,
        query,
        headers: request.headers,
        requestBody: request.body,
        claims: readClaims(request.headers["authorization"] ?? ""),
        status: reply.status,
        askedAtMs,
        hostNowMs,
        body: reply.body,
        json: objectOf(reply.body),
      };
      for (const watcher of responseWatchers) watcher.onResponse?.(answer);
    },
    onFrame(observed, text) {
      authenticate(observed);
      const socket = socketOf(observed);
      const json = objectOf(text);
      for (const watcher of frameWatchers) watcher.onFrame?.(socket, text, json);
    },
    onClientMessage(observed, text) {
      const json = objectOf(text);
      authenticate(observed);
      const token = tokenOfFrame(observed.request.url, text, json);
      if (token !== undefined) onAuthenticated(observed, token);
      const socket = socketOf(observed);
      for (const watcher of clientMessageWatchers) watcher.onClientMessage?.(socket, json, text);
    },
    pending: () =>
      watchers.flatMap(({ name, msMax, watcher }) => {
        const reason = watcher.pending?.();
        return reason === undefined ? [] : [{ invariant: name, reason, msMax }];
      }),
    finished() {
      for (const { watcher } of watchers) watcher.finished?.();
    },
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
