/** `test.explore`: one test, run in many worlds, until a schedule or a fault breaks it. As good as `test` otherwise. */
import type { TestAPI, TestContext, TestOptions } from "vitest";

import { checkOptions } from "../check-options.js";
import { SimError } from "../errors.js";
import type { ExploreSettings } from "../explore/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import { exploreTest } from "./explore-test.js";
import { withFreshFixtures } from "./fresh-fixtures.js";

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
export interface WorldFixtures {
  readonly phoenixOptions: PhoenixOptions;
  readonly phoenix: Phoenix;
}

/** A test to register explored tests with, and the fixtures that it has; see fresh-fixtures.ts. */
export interface ExplorableTest {
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
export function createExplore<C>(explorable: () => ExplorableTest): ExploreTest<C> {
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
  const own = Object.fromEntries(entries.filter(([key]) => key in optionsKnown)) as TestOptions;
  // What a project says of retries is for tests whose next try may go another way.
  const options = { timeout: timeoutMs, ...own, ...flags, retry: 0 };
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
