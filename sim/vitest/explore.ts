/** `test.explore`: one test, run in many worlds, until a schedule or a fault breaks it. As good as `test` otherwise. */
import { existsSync } from "node:fs";
import path from "node:path";
import { isatty } from "node:tty";
import { test, type TestAPI, type TestContext, type TestOptions } from "vitest";

import { SimError } from "../errors.js";
import type { Exploration, ExploreSettings, WorldRunOptions } from "../explore/index.js";
import { seedFromEnvironment } from "../explore/test-runners.js";
import { hashString } from "../kernel/index.js";
import { caseFilesIn, keptFolder } from "../shared/folders.js";
import { checkOptions } from "../shared/text.js";
import type { Phoenix, PhoenixOptions } from "../world/index.js";
import { fixturesToExplore, withFreshFixtures } from "./fixtures.js";
import { reportInErrors, rerunTest } from "./guards.js";

// Hands one explored test of Vitest to the explorer.

type Context = TestContext & { readonly phoenixOptions: PhoenixOptions };

const stderrFd = 2;

/** @throws What the test throws in the minimized run, with the report; and errors that say why an exploration failed. */
async function exploreTest(
  settings: ExploreSettings,
  context: Context,
  body: (phoenix: Phoenix, world: PhoenixOptions) => Promise<void>,
): Promise<void> {
  const { task, signal, onTestFinished, phoenixOptions } = context;
  const seed = phoenixOptions.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
  // What runs beside others cannot have the globals of the process.
  const world = { globals: task.concurrent !== true, ...phoenixOptions };
  const expected = task.fails === true;
  let report = `Run it again: ${rerunTest(seed, task)}`;
  // Errors carry their report; of several in one, Vitest shows the parts only.
  reportInErrors(context, () => report);
  const { createWorlds, explore } = await import("../explore/index.js");
  const exploration: Exploration = {
    name: task.fullTestName,
    seed,
    settings,
    world,
    body: async (phoenix) => body(phoenix, world),
    signal,
    again: (failure) => rerunTest(failure, task),
    store: !expected,
    onProgress: createProgress(context),
    async onReport(text) {
      report = text;
      if (!expected) await context.annotate(text, "error");
    },
  };
  const worlds = createWorlds(exploration);
  onTestFinished(async () => worlds.end());
  await explore(exploration, worlds);
}

/** Lines on a terminal. Elsewhere annotations, each after twice the lines of the one before: they stay with the test. */
function createProgress({ annotate }: Context): (line: string) => void {
  let lines = 0;
  let next = 1;
  return (line) => {
    lines += 1;
    if (isatty(stderrFd)) console.error(line);
    else if (lines === next) {
      next *= 2;
      void annotate(line, "notice").catch(() => {});
    }
  };
}

/** Options of Vitest and of the exploration, together. */
export interface ExploreOptions extends Omit<TestOptions, "retry" | "timeout">, ExploreSettings {
  /** Real milliseconds for all runs together. @default 300_000 */
  readonly timeout?: number;
}

/** What an explored test gets in each run: fixtures of that run, and what Vitest gives to every test. */
export type ExploreContext<C> = C & TestContext;

/** What is run in each world. State that outlives a world must not lead it elsewhere: runs are repeated. */
export type ExploreBody<C> = (context: ExploreContext<C>) => Promise<void> | void;

/** Registers an explored test for each of several cases. Names are formatted as Vitest formats them. */
export interface ExploreCases<Args extends readonly unknown[]> {
  (name: string, body: (...args: Args) => Promise<void> | void, timeout?: number): void;
  (name: string, options: ExploreOptions, body: (...args: Args) => Promise<void> | void): void;
}

/**
 * Registers a test that runs its body in many worlds, each with another schedule, other delays and other faults, and
 * with fresh fixtures. The first failure ends it: it is minimized and described, with a command that runs it again.
 */
export interface ExploreTest<C = WorldFixtures> {
  /** @throws SimError `SIM_OPTION_INVALID` for an option that does not exist, and for `retry`. */
  (name: string, body: ExploreBody<C>, timeout?: number): void;
  (name: string, options: ExploreOptions, body: ExploreBody<C>): void;
  readonly skip: ExploreTest<C>;
  readonly only: ExploreTest<C>;
  /** Registers a test that is yet to be written; the body may be left out. */
  readonly todo: ((name: string) => void) & ExploreTest<C>;
  readonly fails: ExploreTest<C>;
  /** Runs take turns with those of other explored tests. Worlds have no globals, unless their options say so. */
  readonly concurrent: ExploreTest<C>;
  readonly sequential: ExploreTest<C>;
  skipIf(condition: unknown): ExploreTest<C>;
  runIf(condition: unknown): ExploreTest<C>;
  /** As `test.for`: the body gets the case, then the context. */
  for<T>(cases: readonly T[]): ExploreCases<[item: T, context: ExploreContext<C>]>;
  for(
    strings: TemplateStringsArray,
    ...values: unknown[]
  ): ExploreCases<[item: Record<string, unknown>, context: ExploreContext<C>]>;
  /** As `test.each`: the body gets the case, spread when it is a list; and after that, for its world, the context. */
  each<T extends unknown[] | [unknown]>(
    cases: readonly T[],
  ): ExploreCases<[...args: T, context: ExploreContext<C>]>;
  each<T>(cases: readonly T[]): ExploreCases<[item: T, context: ExploreContext<C>]>;
  each(
    strings: TemplateStringsArray,
    ...values: unknown[]
  ): ExploreCases<[item: Record<string, unknown>, context: ExploreContext<C>]>;
}

/** What `test` gives to the tests that it registers. */
interface WorldFixtures {
  readonly phoenixOptions: PhoenixOptions;
  readonly phoenix: Phoenix;
}

/** A test to register explored tests with, and the fixtures that it has; see fresh-fixtures.ts. */
interface ExplorableTest {
  readonly test: TestAPI<{ readonly phoenixOptions: PhoenixOptions }>;
  /** Names of its fixtures, in order. */
  readonly names: readonly string[];
  /** Those of them that only Vitest can run. */
  readonly wide: readonly string[];
  /** Text of the functions of its fixtures. */
  readonly text: string;
}

const settingsKnown: Readonly<Record<keyof ExploreSettings, true>> = {
  runs: true,
  faults: true,
  converge: true,
  strategy: true,
  shrinkRuns: true,
  examples: true,
};

const optionsKnown: Readonly<Record<keyof Omit<ExploreOptions, keyof ExploreSettings>, true>> = {
  timeout: true,
  repeats: true,
  concurrent: true,
  sequential: true,
  skip: true,
  only: true,
  todo: true,
  fails: true,
  tags: true,
  meta: true,
};

/** How long all runs may take, in real milliseconds. */
const timeoutMs = 300_000;

type Flags = Pick<TestOptions, "skip" | "only" | "todo" | "fails" | "concurrent" | "sequential">;
type Body = (...args: never[]) => Promise<void> | void;
/** The context of Vitest, with `phoenixOptions` and boxed fixtures. */
type OuterContext = TestContext & { readonly phoenixOptions: PhoenixOptions };

/** @returns `test.explore` of a test. @param explorable - Asked when a test is registered. */
function createExplore<C>(explorable: () => ExplorableTest): ExploreTest<C> {
  return chained(explorable, {}) as unknown as ExploreTest<C>;
}

function chained(explorable: () => ExplorableTest, flags: Flags): object {
  const withFlag = (flag: Flags): object => chained(explorable, { ...flags, ...flag });
  const register = (name: string, ...rest: unknown[]): void => registerOne(explorable(), flags, name, rest);
  for (const key of ["skip", "only", "todo", "fails", "concurrent", "sequential"] as const)
    Object.defineProperty(register, key, { get: () => withFlag({ [key]: true }), enumerable: true });
  return Object.assign(register, {
    skipIf: (condition: unknown) => withFlag(condition ? { skip: true } : {}),
    runIf: (condition: unknown) => withFlag(condition ? {} : { skip: true }),
    for:
      (...cases: readonly unknown[]) =>
      (name: string, ...rest: unknown[]) =>
        registerCases(explorable(), flags, cases, name, rest, (item) => [item]),
    each:
      (...cases: readonly unknown[]) =>
      (name: string, ...rest: unknown[]) =>
        registerCases(explorable(), flags, cases, name, rest, (item) =>
          Array.isArray(item) ? item : [item],
        ),
  });
}

interface Given {
  readonly settings: ExploreSettings;
  readonly options: TestOptions;
  readonly body: Body;
}

// Vitest takes (name, body), (name, options, body), and (name, body, milliseconds).
function readArguments(flags: Flags, rest: readonly unknown[]): Given {
  const body = rest.find((each) => typeof each === "function") as Body | undefined;
  const given = rest.find((each) => typeof each !== "function");
  const all = typeof given === "number" ? { timeout: given } : ((given ?? {}) as ExploreOptions);
  if (typeof all === "object" && "retry" in all) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "test.explore takes no retry: the same runs would fail in the same way.",
      "Leave it out. For more runs, give runs; for another search, set PHOENIX_SIM_SEED.",
    );
  }
  checkOptions("test.explore", all, [...Object.keys(settingsKnown), ...Object.keys(optionsKnown)]);
  if (body === undefined && flags.todo !== true && all.todo !== true) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "test.explore needs a function that it can run.",
      "Give one: test.explore(name, options, async ({ phoenix }) => { ... }); or write test.explore.todo(name).",
    );
  }
  const entries = Object.entries(all);
  const settings = Object.fromEntries(entries.filter(([key]) => key in settingsKnown)) as ExploreSettings;
  const testOptions = Object.fromEntries(entries.filter(([key]) => key in optionsKnown)) as TestOptions;
  // What a project says of retries is for tests whose next try may go another way.
  const options = { timeout: timeoutMs, ...testOptions, ...flags, retry: 0 };
  return { settings, options, body: body ?? ((): void => {}) };
}

function registerOne(explorable: ExplorableTest, flags: Flags, name: string, rest: readonly unknown[]): void {
  const { settings, options, body } = readArguments(flags, rest);
  if (options.todo === true) return explorable.test.todo(name);
  const run = async (context: OuterContext): Promise<void> =>
    explored(explorable, settings, context, (inner) => body(...([inner] as never[])));
  explorable.test(name, options, named(run, `(${asked(explorable, body)}) => {}`));
}

function registerCases(
  explorable: ExplorableTest,
  flags: Flags,
  cases: readonly unknown[],
  name: string,
  rest: readonly unknown[],
  spread: (item: unknown) => readonly unknown[],
): void {
  const { settings, options, body } = readArguments(flags, rest);
  const run = async (item: unknown, context: OuterContext): Promise<void> =>
    explored(explorable, settings, context, (inner) => body(...([...spread(item), inner] as never[])));
  const registered = explorable.test.for(...(cases as [readonly unknown[]]));
  registered(name, options, named(run, `(item, ${asked(explorable, body)}) => {}`));
}

// Vitest reads from the text of a function which fixtures it asks for. Wide ones cost something, and are left out where
// nobody names them.
function asked({ names, wide, text }: ExplorableTest, body: Body): string {
  const all = `${text}\n${body.toString()}`;
  return `{ ${names.filter((name) => !wide.includes(name) || all.includes(name)).join(", ")} }`;
}

function named<F extends object>(run: F, text: string): F {
  return Object.defineProperty(run, "toString", { value: () => text });
}

async function explored(
  { names }: ExplorableTest,
  settings: ExploreSettings,
  context: OuterContext,
  run: (inner: object) => unknown,
): Promise<void> {
  await exploreTest(settings, context, async (phoenix, phoenixOptions) =>
    withFreshFixtures(names, context, { phoenix, phoenixOptions }, run),
  );
}

// Vitest's `test` and `test.explore`, kept together through `extend` and `override`.

/** Options of one fixture, as Vitest's. */
interface FixtureOptions {
  readonly auto?: boolean;
  readonly scope?: "test" | "file" | "worker";
}

/** What a fixture function gets that returns its value. */
interface FixtureTools {
  readonly onCleanup: (end: () => unknown) => void;
}

type BuilderFixture<T, C> = (context: C & TestContext, tools: FixtureTools) => T | Promise<T>;

type UseFixture<T, C> = (context: C & TestContext, use: (value: T) => Promise<void>) => Promise<void>;

/** Fixtures by name: values, functions that hand one to `use`, or either with options. */
type FixturesOf<T, C> = {
  [K in keyof T]:
    T[K] | UseFixture<T[K], C & Omit<T, K>> | [UseFixture<T[K], C & Omit<T, K>> | T[K], FixtureOptions?];
};

/** `test.extend` of Vitest, whose tests can be explored, too. */
interface PhoenixExtend<C> {
  <K extends string, T>(
    name: K,
    options: FixtureOptions,
    fixture: BuilderFixture<T, C>,
  ): PhoenixTest<C & Record<K, T>>;
  <K extends string, T>(name: K, fixture: BuilderFixture<T, C>): PhoenixTest<C & Record<K, T>>;
  <T extends object>(fixtures: FixturesOf<T, C>): PhoenixTest<Omit<C, keyof T> & T>;
}

/** Vitest's `test` with a world, and `test.explore` for many of them. */
export type PhoenixTest<C> = {
  readonly extend: PhoenixExtend<C>;
  readonly explore: ExploreTest<C>;
} & TestAPI<C>;

/** The same test for explorations, with the fixtures that it has by now. */
export interface Explorable extends ExplorableTest {
  readonly fixtures: ReadonlyMap<string, unknown>;
}

/** Gives a test its `explore`, and sees to it that tests which extend it have one, too. */
export function explorableToo<C>(test: TestAPI<C>, explorable: Explorable): PhoenixTest<C> {
  const { extend, override } = test as unknown as Record<
    "extend" | "override",
    (...args: unknown[]) => TestAPI<C>
  >;
  const outer = explorable.test as unknown as typeof test & {
    extend: typeof extend;
    override: typeof override;
  };
  let overriding = "";
  return Object.assign(test, {
    explore: createExplore<C>(() => ({ ...explorable, text: `${explorable.text}\n${overriding}` })),
    extend(...args: unknown[]): PhoenixTest<C> {
      const { fixtures, wide } = fixturesToExplore(args, explorable.fixtures);
      return explorableToo(extend.apply(test, args), {
        test: outer.extend(fixtures) as unknown as Explorable["test"],
        names: [...new Set([...explorable.names, ...Object.keys(fixtures)])],
        wide: [...explorable.wide, ...wide],
        text: [explorable.text, ...args.map(textOf)].join("\n"),
        fixtures: new Map([...explorable.fixtures, ...Object.entries(fixtures)]),
      });
    },
    override(...args: unknown[]): TestAPI<C> {
      override.apply(test, args);
      overriding += args.map(textOf).join("\n");
      const { fixtures } = fixturesToExplore(args, explorable.fixtures);
      // What explored tests have no fixture for, such as the guard of the network, is of no concern to them.
      const mine = Object.entries(fixtures).filter(([name]) => explorable.names.includes(name));
      if (mine.length > 0) outer.override(Object.fromEntries(mine));
      return test;
    },
  }) as unknown as PhoenixTest<C>;
}

function textOf(argument: unknown): string {
  if (typeof argument === "function") return argument.toString();
  if (typeof argument !== "object" || argument === null) return "";
  return Object.values(argument).flat().map(textOf).join("\n");
}

// Kept failures as tests: each case file of a folder is run again, and must not fail any more.

export interface RegressionsOptions {
  /** More options for the worlds, as those for which the cases were found. @default none */
  readonly world?: WorldRunOptions["world"];
}

/** Real milliseconds that one case may take: generous, because machines are shared. */
const regressionTimeoutMs = 120_000;

/**
 * Registers one test for each case file that `phoenix-sim keep` has put into a folder. It runs the case again:
 *
 * - it goes well: the bug is fixed, and the test passes. Where the run left the recorded path, because the code
 *   has changed since, the test says so on stderr.
 * - it fails, as it did or in another way: the test fails with `SIM_REGRESSION`, the story, and the command that
 *   runs it again.
 *
 * @param folder - Below the working directory. @default "test/regressions"
 * @throws SimError `SIM_CASE_INVALID` when a folder is named that does not exist.
 */
export function regressions(folder?: string, { world }: RegressionsOptions = {}): void {
  if (folder !== undefined && !existsSync(folder)) {
    throw new SimError(
      "SIM_CASE_INVALID",
      `There is no folder "${folder}" in ${process.cwd()}.`,
      "Name the folder that phoenix-sim keep writes to; it is made with the first case.",
    );
  }
  const cases = caseFilesIn(folder ?? keptFolder).map((file) => ({
    name: `does not come back: ${path.basename(file, ".json")}`,
    run: async () => (await import("./kept-case.js")).staysFixed(file, world),
  }));
  // A file without any test is an error to Vitest, and most projects begin without a regression.
  const nothing = { name: `nothing is kept in ${folder ?? keptFolder}`, run: async () => {} };
  for (const { name, run } of cases.length === 0 ? [nothing] : cases)
    test(name, { timeout: regressionTimeoutMs }, run);
}
