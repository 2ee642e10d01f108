/** `test.extend` and `test.override` of a test that can also be explored. */
import { BoxedFixture } from "./fresh-fixtures.js";

/** Fixtures of an explored test by name: functions with the scope of a test boxed, everything else as Vitest takes it. */
export interface FixturesToExplore {
  readonly fixtures: Readonly<Record<string, unknown>>;
  /** Of these Vitest itself runs the function, once for a file or a worker, and so only where it is asked for. */
  readonly wide: readonly string[];
}

interface FixtureOptions {
  readonly auto?: boolean;
  readonly scope?: "test" | "file" | "worker";
}

type SetUp = (context: object, use: (value: unknown) => Promise<void>) => unknown;

/**
 * @param args - Of `test.extend` or `test.override`: an object of fixtures, or the name of one with its options.
 * @param before - What stands by now, for fixtures that ask for their own name.
 */
export function fixturesToExplore(
  args: readonly unknown[],
  before: ReadonlyMap<string, unknown>,
): FixturesToExplore {
  const fixtures: Record<string, unknown> = {};
  const wide: string[] = [];
  for (const [name, { value, options, builds }] of definitionsOf(args)) {
    const { scope = "test", auto = false } = options ?? {};
    const below = before.get(name);
    if (typeof value === "function" && scope === "test") {
      const setUp = builds ? fromBuilder(value as Builder) : (value as SetUp);
      fixtures[name] = new BoxedFixture(name, setUp, auto, below instanceof BoxedFixture ? below : undefined);
    } else {
      if (typeof value === "function") wide.push(name);
      const fixture = builds && typeof value === "function" ? asFixture(value as Builder) : value;
      fixtures[name] = options === undefined ? fixture : [fixture, options];
    }
  }
  return { fixtures, wide };
}

interface Definition {
  readonly value: unknown;
  readonly options: FixtureOptions | undefined;
  /** Whether a function returns its value, instead of handing it to `use`. */
  readonly builds: boolean;
}

function definitionsOf([first, second, third]: readonly unknown[]): readonly (readonly [
  string,
  Definition,
])[] {
  if (typeof first === "string") {
    if (third !== undefined) {
      return [[first, { value: third, options: second as FixtureOptions, builds: true }]];
    }
    if (isOptions(second)) return [[first, { value: {}, options: second, builds: true }]];
    return [[first, { value: second, options: undefined, builds: true }]];
  }
  return Object.entries(first as Record<string, unknown>).map(([name, given]) => {
    const tuple = Array.isArray(given) && given.length === 2 && isOptions(given[1]);
    const [value, options] = tuple ? (given as [unknown, FixtureOptions]) : [given, undefined];
    return [name, { value, options, builds: false }];
  });
}

function isOptions(value: unknown): value is FixtureOptions {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return ["auto", "injected", "scope"].some((key) => key in value);
}

type Builder = (context: object, tools: { onCleanup(end: () => unknown): void }) => unknown;

function fromBuilder(build: Builder): SetUp {
  return async (context, use) => {
    let cleanUp = (): unknown => undefined;
    const value = await build(context, {
      onCleanup(end) {
        cleanUp = end;
      },
    });
    await use(value);
    await cleanUp();
  };
}

// Vitest reads from the text of a function which fixtures it asks for.
function asFixture(build: Builder): SetUp {
  return Object.defineProperty(fromBuilder(build), "toString", { value: () => build.toString() });
}
