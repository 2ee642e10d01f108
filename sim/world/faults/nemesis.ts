/**
 * The nemesis: the faults of one run under a profile.
 *
 * Whether a fault is injected, where, when and for how long are questions to the choice log, so that a replay knows
 * them and a shrink can drop each. Without a fault nothing else is asked.
 */
import type { ChoiceKind } from "../../kernel/index.js";
import { faultKindNamed, type EnabledKind } from "./catalogue.js";
import type { ChooseOption, Fault, FaultHandle, FaultKind, FaultWorld } from "./fault.js";

export interface NemesisOptions {
  /** Virtual time within which faults begin. @default 80_000 */
  readonly windowMs?: number;
}

export interface Nemesis {
  /** Names of the faults that were injected, in order, with their virtual milliseconds. */
  readonly injected: readonly { readonly name: string; readonly kind: string; readonly atMs: number }[];
  /** Injects no further fault and heals the active ones. */
  end(): Promise<void>;
}

const moments = 64;
const durationsMs = [1_000, 200, 3_000, 6_000, 11_000, 17_000, 31_000, 70_000];

/** Asks at once what is injected and when, and at whom when it is injected. */
export function startNemesis(
  world: FaultWorld,
  enabled: readonly EnabledKind[],
  { windowMs = 80_000 }: NemesisOptions = {},
): Nemesis {
  const injected: { name: string; kind: string; atMs: number }[] = [];
  const active = new Set<FaultHandle>();
  const cancels: (() => void)[] = [];
  const { loop } = world;

  function later(ms: number, label: string, run: () => void): void {
    const event = loop.schedule(ms, "fault", label, run);
    cancels.push(() => loop.cancel(event));
  }

  function injectNow(fault: Fault, forMs: number): void {
    injected.push({ name: fault.name, kind: fault.kind, atMs: loop.clock.nowMs });
    const handle = fault.inject(world);
    active.add(handle);
    later(forMs, `heal/${fault.kind}`, () => {
      // In force until it is healed: a process that stops gracefully is waited for at the end, too.
      handle.heal().then(
        () => active.delete(handle),
        (error: unknown) => loop.fail(error as Error),
      );
    });
  }

  for (const { kind, probability } of enabled) {
    if (!loop.choices.chance("fault", `fault/${kind.kind}`, probability)) continue;
    const chooseOption = chooserFor(world, kind);
    // Early moments lie closer together: that is where most happens.
    const moment = choose(world, "timing", kind, "at", moments) / (moments - 1);
    const forMs = durationsMs[choose(world, "timing", kind, "for", durationsMs.length)] ?? 1_000;
    // The target is chosen when the fault is injected: only then it is known over which routes the test has connected.
    later(windowMs * moment * moment, `inject/${kind.kind}`, () =>
      injectNow(kind.sample(chooseOption, world), forMs),
    );
  }

  return {
    injected,
    async end() {
      for (const cancel of cancels.splice(0)) cancel();
      for (const handle of active) await handle.heal();
      active.clear();
    },
  };
}

function chooserFor(world: FaultWorld, kind: FaultKind): ChooseOption {
  return (name, options) => {
    const index = choose(world, "target", kind, name, options.length);
    return options[index] as (typeof options)[number];
  };
}

function choose({ loop }: FaultWorld, as: ChoiceKind, { kind }: FaultKind, name: string, n: number): number {
  return loop.choices.choose(as, `fault/${kind}/${name}`, n);
}

// Faults whose target is given by numbers, so that they can be made before there is a world.

/**
 * @param kind - Name of the kind.
 * @param choices - Which of its possible hosts, times and so on it takes, in order; counted from 0, the default, and
 *   round again beyond the last. What is missing is 0.
 * @throws SimError `SIM_FAULT_UNKNOWN` with the nearest name.
 */
export function sampledFault(kind: string, choices: readonly number[]): Fault {
  const { sample } = faultKindNamed(kind);
  return {
    kind,
    name: [kind, ...choices].join(" "),
    inject(world) {
      let next = 0;
      const fault = sample((_name, options) => {
        const index = (choices[next++] ?? 0) % options.length;
        return options[index] as (typeof options)[number];
      }, world);
      return fault.inject(world);
    },
  };
}
