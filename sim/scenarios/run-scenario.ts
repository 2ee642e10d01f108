/** Runs one scenario once, in a world of its own, and says how it went. */
import { SimError } from "../errors.js";
import { type Driver, parseDuration, realNowMs } from "../kernel/index.js";
import { type Phoenix, type PhoenixOptions, createPhoenix } from "../phoenix/index.js";
import { type ApiCoverage, type ApiDocument, createApiCoverage } from "./api-coverage.js";
import { type Checks, createChecks } from "./checks.js";
import { countOpenHandles, heapBytesInUse, withinRealTime } from "./process-use.js";
import type { Scenario, ScenarioContext } from "./scenario.js";

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
  /** Finds `file:line` in the stack of an error. @default no place is told */
  readonly placeOf?: (stack: string) => string | undefined;
  /** Called as each step begins. */
  readonly onStep?: (title: string, virtualMs: number) => void;
}

/** What one run used. The counts are the same for the same seed and code; heap is a measurement. */
export interface ScenarioResources {
  /** Statements that PostgreSQL executed. */
  readonly sqlStatements: number;
  /** Bytes of JavaScript heap in use as the scenario ended, garbage included. */
  readonly heapBytes: number;
  /** Sockets, timers and pipes that the process holds after the world was disposed and did not hold before. */
  readonly openHandles: number;
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
  const handlesBefore = await countOpenHandles();
  const check = createChecks();
  const progress: Progress = { step: "create the world", figures: [] };
  const failure = await runInWorld(scenario, options, check, progress).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const { step, figures, virtualMs = 0, events = 0, traceHash = "", sqlStatements = 0, coverage } = progress;
  const wallMs = realNowMs() - startedAt;
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
      openHandles: Math.max(0, (await countOpenHandles()) - handlesBefore),
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
  const phoenix = await createPhoenix({
    ...scenario.world,
    ...world,
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
    await withinRealTime(`The scenario "${scenario.name}"`, wallMsMax, running, signal);
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
