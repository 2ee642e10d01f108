/** Runs one scenario once, in a world of its own, and says how it went. */
import { SimError } from "../errors.js";
import { activeResources, parseDuration, realNowMs, type Driver } from "../kernel/index.js";
import { createPhoenix, watchFailure, type Phoenix, type PhoenixOptions } from "../world/index.js";
import { createChecks, type Checks, type Scenario, type ScenarioContext } from "./scenario.js";

// Notes which operations of an OpenAPI document answered, and how. Measures the scenarios, not the platform.

/** Which answers of the HTTP API a run has seen. */
export interface ApiCoverage {
  /** Statuses that the OpenAPI document declares, by operation, such as `GET /api/v1/experiments/{id}`. */
  readonly declared: Readonly<Record<string, readonly number[]>>;
  /** Statuses answered, by operation, each once and rising. */
  readonly seen: Readonly<Record<string, readonly number[]>>;
}

/** The part of an OpenAPI document that is read. */
export interface ApiDocument {
  readonly paths?: Readonly<Record<string, object>>;
}

export interface ApiCoverageRecorder {
  /**
   * Notes one answer. Requests that fit no operation of the document are left out.
   *
   * @param path - As requested, with or without a query; an absolute URL will do.
   */
  observe(method: string, path: string, status: number): void;
  read(): ApiCoverage;
}

interface Operation {
  readonly name: string;
  readonly segments: readonly string[];
  readonly statuses: readonly number[];
}

const methods: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch", "head", "options"]);

export function createApiCoverage({ paths = {} }: ApiDocument): ApiCoverageRecorder {
  const operations = Object.entries(paths).flatMap(([path, item]) => operationsOf(path, item));
  // Found by method and length, so that each answer of a run under load costs little.
  const byShape = new Map<string, Operation[]>();
  for (const operation of operations) {
    const shape = shapeOf(operation.name.split(" ")[0] ?? "", operation.segments);
    byShape.set(shape, [...(byShape.get(shape) ?? []), operation]);
  }
  // A literal goes before a parameter: /experiments/overlap is not an experiment called overlap.
  for (const group of byShape.values()) group.sort((a, b) => parametersOf(a) - parametersOf(b));
  const seen = new Map<Operation, Set<number>>();

  return {
    observe(method, path, status) {
      const segments = segmentsOf(path);
      const operation = byShape
        .get(shapeOf(method.toUpperCase(), segments))
        ?.find((candidate) => matches(candidate, segments));
      if (operation === undefined) return;
      const statuses = seen.get(operation) ?? new Set();
      seen.set(operation, statuses.add(status));
    },
    read() {
      const declared: Record<string, readonly number[]> = {};
      const answered: Record<string, readonly number[]> = {};
      for (const operation of operations) {
        declared[operation.name] = operation.statuses;
        const statuses = seen.get(operation);
        if (statuses !== undefined) answered[operation.name] = [...statuses].sort((a, b) => a - b);
      }
      return { declared, seen: answered };
    },
  };
}

function operationsOf(path: string, item: object): readonly Operation[] {
  return Object.entries(item)
    .filter(([method]) => methods.has(method))
    .map(([method, operation]: [string, { readonly responses?: object } | undefined]) => ({
      name: `${method.toUpperCase()} ${path}`,
      segments: segmentsOf(path),
      // Ranges such as 4XX and the answer called default name no status that could be seen or missed.
      statuses: Object.keys(operation?.responses ?? {})
        .map(Number)
        .filter((status) => Number.isInteger(status)),
    }));
}

function segmentsOf(path: string): readonly string[] {
  const withoutOrigin = path.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const [bare = ""] = withoutOrigin.split(/[?#]/, 1);
  return bare.split("/").filter((segment) => segment !== "");
}

function shapeOf(method: string, segments: readonly string[]): string {
  return `${method} ${segments.length}`;
}

function matches({ segments }: Operation, requested: readonly string[]): boolean {
  return segments.every((segment, index) => isParameter(segment) || segment === requested[index]);
}

function parametersOf({ segments }: Operation): number {
  return segments.filter(isParameter).length;
}

function isParameter(segment: string): boolean {
  return segment.startsWith("{") && segment.endsWith("}");
}

// What the process holds and how long it takes: for reports and limits, never for anything inside a world.

// Taken before any test can fake them.
const nativeSetImmediate = setImmediate;
const nativeSetTimeout = setTimeout;
const nativeClearTimeout = clearTimeout;

interface RealTimeLimit {
  /** What is awaited, for the errors. */
  readonly what: string;
  /** Real milliseconds. */
  readonly limitMs: number;
  /** Ends the wait when aborted. */
  readonly signal: AbortSignal | undefined;
  /** What the world waits for at this moment. */
  readonly waiting: () => readonly string[];
}

/**
 * Gives what `work` gives, if that comes in time. The timer does not keep the process alive: a process with nothing left
 * to do would end as if all were well, and says so before it does.
 *
 * @throws SimError `SIM_DEADLOCK` when nothing in the process can end it, `SIM_WALL_LIMIT` when it does not come in time,
 *   and the reason of `signal`; `work` goes on all the same.
 */
async function withinRealTime<T>(
  work: Promise<T>,
  { what, limitMs, signal, waiting }: RealTimeLimit,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onNothingLeft = (): void => reject(nothingLeftError(what, waiting()));
    process.once("beforeExit", onNothingLeft);
    const giveUp = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted === true) giveUp();
    const timer = nativeSetTimeout(() => {
      reject(
        new SimError(
          "SIM_WALL_LIMIT",
          `${what} did not end within ${limitMs} ms of real time.`,
          "It may await what virtual time does not bring, such as a promise that nobody settles; or raise the limit.",
        ),
      );
    }, limitMs).unref();
    work.then(resolve, reject).finally(() => {
      nativeClearTimeout(timer);
      process.off("beforeExit", onNothingLeft);
      signal?.removeEventListener("abort", giveUp);
    });
  });
}

function nothingLeftError(what: string, waiting: readonly string[]): SimError {
  const waits = waiting.length === 0 ? "." : `, and this waits:\n  ${waiting.join("\n  ")}`;
  return new SimError(
    "SIM_DEADLOCK",
    `${what} has not ended, and nothing is left that could wake it: no event, no timer, no real I/O${waits}`,
    "It awaits a promise that nobody settles, or a wait without an end, such as BLPOP with 0. Await what the world brings.",
  );
}

/** @returns Bytes of JavaScript heap in use, garbage included. */
export function heapBytesInUse(): number {
  return process.memoryUsage().heapUsed;
}

/**
 * Lists sockets, timers, pipes and the like that keep the process alive, as Node names their types, such as
 * `TCPServerWrap` or `Timeout`. Waits for two turns of the process first: a handle that was closed is gone only then.
 */
export async function listOpenHandles(): Promise<readonly string[]> {
  await nextTurn();
  await nextTurn();
  return activeResources().filter((type) => type !== "Immediate");
}

/** @returns Those that were not there before, sorted. */
function opened(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = [...before];
  return after
    .filter((type) => {
      const at = known.indexOf(type);
      if (at >= 0) known.splice(at, 1);
      return at < 0;
    })
    .sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

async function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    nativeSetImmediate(resolve);
  });
}

export interface RunScenarioOptions {
  readonly seed: number;
  /** Answers the choices of the run. @default seeded random */
  readonly driver?: Driver;
  /** See `ScenarioContext.scale`. @default 1 */
  readonly scale?: number;
  /** More options for the world, over those of the scenario. */
  readonly world?: PhoenixOptions;
  /** Note which operations of the API answered, and how. @default false */
  readonly coverage?: boolean;
  /** Real milliseconds within which it must end. @default 300_000 */
  readonly wallMsMax?: number;
  /** Whether it must use the checks it is given; a scenario of the user's own may assert in its own way. @default true */
  readonly checksRequired?: boolean;
  /** Gives the scenario up when aborted: it fails, and its world is disposed. */
  readonly signal?: AbortSignal;
  /** Finds `file:line` in the stack of an error. @default no place is named */
  readonly placeOf?: (stack: string) => string | undefined;
  /** Called as each step begins. */
  readonly onStep?: (title: string, virtualMs: number) => void;
}

/** What one run used. The counts are the same for the same seed and code; heap is a measurement. */
interface ScenarioResources {
  /** Statements that PostgreSQL executed. */
  readonly sqlStatements: number;
  /** Bytes of JavaScript heap in use as the scenario ended, garbage included. */
  readonly heapBytes: number;
  /** Sockets, timers and pipes that the process holds after the world was disposed and did not hold before. */
  readonly openHandles: number;
  /** Their types, as Node names them, such as `Timeout`; sorted. */
  readonly openHandleTypes: readonly string[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly seed: number;
  readonly ok: boolean;
  /** Virtual milliseconds from start to end. */
  readonly virtualMs: number;
  /** Real milliseconds, the world's start and end included. */
  readonly wallMs: number;
  /** Events the world ran. */
  readonly events: number;
  readonly traceHash: string;
  /** Assertions made. */
  readonly assertions: number;
  /** Figures the scenario reported, in order. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly resources?: ScenarioResources;
  readonly coverage?: ApiCoverage;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly step: string;
    /** `file:line` that failed, where it is known. */
    readonly source?: string;
  };
}

/** Never throws for a failing scenario; the result carries the error. */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions): Promise<ScenarioResult> {
  const startedAt = realNowMs();
  const handlesBefore = await listOpenHandles();
  const check = createChecks();
  const progress: Progress = { step: "create the world", figures: [] };
  const failure = await runInWorld(scenario, options, check, progress).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const { step, figures, virtualMs = 0, events = 0, traceHash = "", sqlStatements = 0, coverage } = progress;
  const wallMs = realNowMs() - startedAt;
  const openHandleTypes = opened(handlesBefore, await listOpenHandles());
  const result = {
    name: scenario.name,
    seed: options.seed,
    virtualMs,
    wallMs,
    events,
    traceHash,
    assertions: check.count,
    figures,
    resources: {
      sqlStatements,
      heapBytes: progress.heapBytes ?? 0,
      openHandles: openHandleTypes.length,
      openHandleTypes,
    },
    ...(coverage === undefined ? {} : { coverage }),
  };
  if (failure === undefined) return { ...result, ok: true };
  return { ...result, ok: false, error: { ...describe(failure.error, options.placeOf), step } };
}

/** What is known of a run while it lasts, and after it failed. */
interface Progress {
  step: string;
  readonly figures: (readonly [name: string, value: string])[];
  virtualMs?: number;
  events?: number;
  traceHash?: string;
  sqlStatements?: number;
  heapBytes?: number;
  coverage?: ApiCoverage;
}

async function runInWorld(
  scenario: Scenario,
  {
    seed,
    driver,
    scale = 1,
    world = {},
    coverage = false,
    wallMsMax = 300_000,
    checksRequired = true,
    signal,
    onStep,
  }: RunScenarioOptions,
  check: Checks,
  progress: Progress,
): Promise<void> {
  const watch = watchFailure(scenario.world.onFailure, world.onFailure);
  const phoenix = await createPhoenix({
    ...scenario.world,
    ...world,
    onFailure: watch.onFailure,
    seed,
    ...(driver === undefined ? {} : { driver }),
  });
  let finished = false;
  try {
    const begin = async (context: ScenarioContext): Promise<void> => scenario.run(context);
    progress.step = "run the scenario";
    const running = begin({
      phoenix,
      check,
      scale,
      step(title) {
        progress.step = title;
        onStep?.(title, phoenix.clock.nowMs);
      },
      report: (name, value) => progress.figures.push([name, value]),
    });
    await withinRealTime(watch.race(running), {
      what: `The scenario "${scenario.name}"`,
      limitMs: wallMsMax,
      signal,
      waiting: phoenix.waiting,
    });
    if (checksRequired) requireAssertions(check.count, scenario.name);
    requireDeadline(phoenix.clock.nowMs, scenario);
    finished = true;
  } finally {
    progress.virtualMs = phoenix.clock.nowMs;
    progress.events = phoenix.trace.steps;
    progress.traceHash = phoenix.trace.hash();
    progress.sqlStatements = phoenix.trace.sqlStatements;
    progress.heapBytes = heapBytesInUse();
    if (coverage && finished) progress.coverage = await readCoverage(phoenix);
    // A scenario that failed has reason enough to leave things open.
    await phoenix.dispose({ force: !finished });
  }
}

async function readCoverage(phoenix: Phoenix): Promise<ApiCoverage> {
  const response = await phoenix.fetch(`${phoenix.url}/openapi.json`);
  const recorder = createApiCoverage((await response.json()) as ApiDocument);
  for (const [route, statuses] of phoenix.trace.answers()) {
    const [method = "", path = ""] = route.split(" ");
    for (const status of statuses) recorder.observe(method, path, status);
  }
  return recorder.read();
}

function requireAssertions(count: number, name: string): void {
  if (count > 0) return;
  throw new SimError(
    "SIM_ASSERTION",
    `The scenario "${name}" asserted nothing.`,
    "Use the checks it is given.",
  );
}

function requireDeadline(nowMs: number, { name, deadline }: Scenario): void {
  if (deadline === undefined) return;
  const deadlineMs = parseDuration(deadline);
  if (nowMs <= deadlineMs) return;
  throw new SimError(
    "SIM_WAIT_TIMEOUT",
    `The scenario "${name}" took ${nowMs} virtual ms, more than its deadline of ${deadlineMs}.`,
    "Look for what became slow, or raise the deadline in the scenario.",
  );
}

function describe(
  failure: unknown,
  placeOf: RunScenarioOptions["placeOf"] = () => undefined,
): { code: string; message: string; source?: string } {
  if (!(failure instanceof Error)) return { code: "ERROR", message: String(failure) };
  const code = "code" in failure && typeof failure.code === "string" ? failure.code : failure.name;
  const source = placeOf(failure.stack ?? "");
  return { code, message: failure.message, ...(source === undefined ? {} : { source }) };
}
