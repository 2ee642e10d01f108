/** `test.extend` and `test.override` of a test that can also be explored. */

// Fixtures of `test.extend`, set up anew for each run of an explored test.
//
// Vitest sets fixtures up once for a test, and an explored test is many runs. So to Vitest the fixture functions of an
// explored test are values, boxed definitions: it decides which definition is in force (`extend`, `override`), and this
// module runs them.

/** A fixture function, and what it stands on when it asks for its own name. */
class BoxedFixture {
  readonly name: string;
  /** Hands the value over, then waits until the run has ended. */
  readonly setUp: (context: object, use: (value: unknown) => Promise<void>) => unknown;
  readonly auto: boolean;
  readonly below: BoxedFixture | undefined;

  constructor(name: string, setUp: BoxedFixture["setUp"], auto: boolean, below: BoxedFixture | undefined) {
    this.name = name;
    this.setUp = setUp;
    this.auto = auto;
    this.below = below;
  }
}

/** Thrown into a function that asks for a fixture that does not stand yet; it is called again once it does. */
class NotReady extends Error {
  readonly fixture: BoxedFixture;

  constructor(fixture: BoxedFixture) {
    super(`The fixture "${fixture.name}" is not ready.`);
    this.fixture = fixture;
  }
}

/**
 * Calls `work` with a context whose fixtures are fresh. Only those are set up that are asked for, by destructuring the
 * first argument, as Vitest demands; and those that are automatic. They end in reverse order, whatever `work` does.
 *
 * @param context - What the test has from Vitest: boxed fixtures, fixtures with a wider scope, `task`, `expect` ...
 * @param given - Fixtures of this run.
 */
export async function withFreshFixtures(
  names: readonly string[],
  context: object,
  given: Readonly<Record<string, unknown>>,
  work: (context: object) => unknown,
): Promise<void> {
  const values = new Map<BoxedFixture, unknown>();
  const ends: (() => Promise<void>)[] = [];

  /** The context as one function sees it; a fixture that asks for its own name gets the one that it stands on. */
  function contextFor(self: BoxedFixture | undefined): object {
    const read = (name: string | symbol): unknown => {
      const value = name === self?.name ? self.below : Reflect.get(context, name);
      if (!(value instanceof BoxedFixture)) {
        return typeof name === "string" && Object.hasOwn(given, name) ? given[name] : value;
      }
      if (!values.has(value)) throw new NotReady(value);
      return values.get(value);
    };
    return new Proxy(context, {
      get: (_, name) => read(name),
      has: (_, name) => name in context || name in given,
    });
  }

  /** Calls a function until all that it asks for is ready. */
  async function call<T>(run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof NotReady) || values.has(error.fixture)) throw error;
        await setUp(error.fixture);
      }
    }
  }

  async function setUp(fixture: BoxedFixture): Promise<void> {
    const fixtureContext = contextFor(fixture);
    const { value, end } = await call(async () => start(fixture, fixtureContext));
    values.set(fixture, value);
    ends.push(end);
  }

  const errors: unknown[] = [];
  try {
    for (const name of names) {
      const fixture: unknown = Reflect.get(context, name);
      if (fixture instanceof BoxedFixture && fixture.auto && !values.has(fixture)) await setUp(fixture);
    }
    const fixtureContext = contextFor(undefined);
    await call(async () => work(fixtureContext));
  } catch (error) {
    errors.push(error);
  }
  for (const end of ends.reverse()) {
    await end().catch((error: unknown) => void errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

interface Started {
  readonly value: unknown;
  /** Lets the fixture go on after `use`, to its end. */
  end(): Promise<void>;
}

async function start(fixture: BoxedFixture, context: object): Promise<Started> {
  return new Promise((resolve, reject) => {
    let release = (): void => {};
    const released = new Promise<void>((goOn) => {
      release = goOn;
    });
    const done = (async () =>
      fixture.setUp(context, async (value) => {
        resolve({
          value,
          async end() {
            release();
            await done;
          },
        });
        await released;
      }))();
    done.then(
      () => reject(new Error(`The fixture "${fixture.name}" did not call use().`)),
      // Also settles `done` for those who do not await it.
      reject,
    );
  });
}

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
