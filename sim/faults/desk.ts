/** Faults by hand: injecting them, and ending all at once. */
import type { Fault, FaultHandle, FaultWorld } from "./fault.js";

export interface FaultDesk {
  /** Injects a fault now. @throws SimError `SIM_HOST_UNKNOWN`, `SIM_HOST_STATE`. */
  inject(fault: Fault): FaultHandle;
  /** Names of the faults in force. */
  active(): readonly string[];
  /** Ends every fault that was injected here. */
  healAll(): Promise<void>;
}

export function createFaultDesk(world: FaultWorld): FaultDesk {
  const active = new Set<FaultHandle>();
  return {
    inject(fault) {
      const inner = fault.inject(world);
      const handle: FaultHandle = {
        name: inner.name,
        async heal() {
          active.delete(handle);
          await inner.heal();
        },
      };
      active.add(handle);
      return handle;
    },
    active: () => [...active].map(({ name }) => name),
    async healAll() {
      for (const handle of active) await handle.heal();
    },
  };
}
