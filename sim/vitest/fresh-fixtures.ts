/**
 * Fixtures of `test.extend`, set up anew for each run of an explored test.
 *
 * Vitest sets fixtures up once for a test, and an explored test is many runs. So to Vitest the fixture functions of an
 * explored test are values, boxed definitions: it decides which definition is in force (`extend`, `override`), and this
 * module runs them.
 */

/** A fixture function, and what it stands on when it asks for its own name. */
export class BoxedFixture {
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
    const own = contextFor(fixture);
    const { value, end } = await call(async () => start(fixture, own));
    values.set(fixture, value);
    ends.push(end);
  }

  const errors: unknown[] = [];
  try {
    for (const name of names) {
      const fixture: unknown = Reflect.get(context, name);
      if (fixture instanceof BoxedFixture && fixture.auto && !values.has(fixture)) await setUp(fixture);
    }
    const own = contextFor(undefined);
    await call(async () => work(own));
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
