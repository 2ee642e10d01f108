/** Vitest's `test` and `test.explore`, kept together through `extend` and `override`. */
import type { TestAPI, TestContext } from "vitest";

import { type ExplorableTest, type ExploreTest, createExplore } from "./explore.js";
import { fixturesToExplore } from "./extend.js";

/** Options of one fixture, as Vitest's. */
export interface FixtureOptions {
  readonly auto?: boolean;
  readonly scope?: "test" | "file" | "worker";
}

/** What a fixture function gets that returns its value. */
export interface FixtureTools {
  readonly onCleanup: (end: () => unknown) => void;
}

type BuilderFixture<T, C> = (context: C & TestContext, tools: FixtureTools) => T | Promise<T>;

type UseFixture<T, C> = (context: C & TestContext, use: (value: T) => Promise<void>) => Promise<void>;

/** Fixtures by name: values, functions that hand one to `use`, or either with options. */
export type FixturesOf<T, C> = {
  [K in keyof T]:
    T[K] | UseFixture<T[K], C & Omit<T, K>> | [UseFixture<T[K], C & Omit<T, K>> | T[K], FixtureOptions?];
};

/** `test.extend` of Vitest, whose tests can be explored, too. */
export interface PhoenixExtend<C> {
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
