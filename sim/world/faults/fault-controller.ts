/** Faults by hand: injecting them now or later, and ending all at once. */
import { checkOptions } from "../../shared/text.js";
import { SimError } from "../../errors.js";
import { type Duration, parseDuration } from "../../kernel/index.js";
import type { Fault, FaultHandle, FaultWorld } from "./fault.js";

export interface PlanOptions {
  /** Virtual time from now until it is injected. */
  readonly after: Duration;
  /** How long it lasts. @default until it is healed */
  readonly for?: Duration;
}

export interface FaultController {
  /** Injects a fault now. @throws SimError `SIM_HOST_UNKNOWN`, `SIM_HOST_STATE`. */
  inject(fault: Fault): FaultHandle;
  /** Injects a fault later, unless all are healed before. */
  plan(fault: Fault, options: PlanOptions): void;
  /** Names of the faults in force. */
  active(): readonly string[];
  /** Ends every fault that was injected here, and cancels those planned. */
  healAll(): Promise<void>;
}

export function createFaultController(world: FaultWorld): FaultController {
  const { loop } = world;
  const active = new Set<FaultHandle>();
  const planned = new Set<() => void>();

  function later(ms: number, label: string, run: () => void): void {
    const event = loop.schedule(ms, "fault", label, () => {
      planned.delete(cancel);
      run();
    });
    const cancel = (): void => loop.cancel(event);
    planned.add(cancel);
  }

  function inject(fault: Fault): FaultHandle {
    checkFault(fault);
    const inner = fault.inject(world);
    const handle: FaultHandle = {
      name: inner.name,
      async heal() {
        await inner.heal();
        active.delete(handle);
      },
    };
    active.add(handle);
    return handle;
  }

  return {
    inject,
    plan(fault, options) {
      checkFault(fault);
      checkOptions("faults.plan", options, ["after", "for"]);
      const lasts =
        options.for === undefined
          ? undefined
          : parseDuration(options.for, "the duration of the fault (`for`)");
      later(
        parseDuration(options.after, "the delay before the fault (`after`)"),
        `inject/${fault.kind}`,
        () => {
          const handle = inject(fault);
          if (lasts === undefined) return;
          later(lasts, `heal/${fault.kind}`, () => {
            handle.heal().catch((error: unknown) => loop.fail(error as Error));
          });
        },
      );
    },
    active: () => [...active].map(({ name }) => name),
    async healAll() {
      for (const cancel of planned) cancel();
      planned.clear();
      for (const handle of active) await handle.heal();
    },
  };
}

// Called from plain JavaScript, too: a name instead of a fault must not fail in a place that nobody knows.
function checkFault(fault: unknown): void {
  if (typeof (fault as Fault | undefined)?.inject === "function") return;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot inject ${JSON.stringify(fault) ?? String(fault)}: it is not a fault.`,
    'Make one: phoenix.faults.inject(faults.partition("gateway", "postgres")).',
  );
}
