/** Clocks that are wrong. Healing sets them right. */
import type { Host } from "../kernel/index.js";
import { type Fault, type FaultKind, type FaultWorld, faultOf } from "./fault.js";
import { hostsOf, processes } from "./hosts.js";

// Of the others nobody reads the clock.
const readers = /^(?:controller|gateway|prometheus|node)/;

/** The wall clock of a host is off. @param ms - Virtual milliseconds, may be negative. */
export function clockOffset(name: string, ms: number): Fault {
  return change("clock-offset", `clock of ${name} is ${ms} ms off`, name, (host) => {
    host.clockOffsetMs += ms;
  });
}

/** The clocks of a host run at another rate. @param share - 0.01 gains one percent. */
export function clockDrift(name: string, share: number): Fault {
  return change("clock-drift", `clock of ${name} drifts by ${share * 100} %`, name, (host) => {
    host.clockDrift = share;
  });
}

/** The wall clock of a host jumps back. */
export function clockStepBack(name: string, ms: number): Fault {
  return change("clock-step-back", `clock of ${name} steps back ${ms} ms`, name, (host) => {
    host.clockOffsetMs -= ms;
  });
}

function change(kind: string, title: string, name: string, strike: (host: Host) => void): Fault {
  return faultOf(kind, title, (world) => {
    const hosts = hostsOf(world, name);
    hosts.forEach(strike);
    return () => {
      for (const host of hosts) {
        host.clockOffsetMs = 0;
        host.clockDrift = 0;
      }
    };
  });
}

function clocks(world: FaultWorld): readonly string[] {
  return processes(world).filter((name) => readers.test(name));
}

export const clockKinds: readonly FaultKind[] = [
  {
    kind: "clock-offset",
    scope: "clock",
    summary: "the wall clock of a host is off",
    parameters: { name: "host or service", ms: "virtual milliseconds" },
    draw: (pick, world) =>
      clockOffset(pick("host", clocks(world)), pick("ms", [1_000, -1_000, 60_000, -60_000, 3_600_000])),
  },
  {
    kind: "clock-drift",
    scope: "clock",
    summary: "the clocks of a host run at another rate",
    parameters: { name: "host or service", share: "gain of a second each second" },
    draw: (pick, world) =>
      clockDrift(pick("host", clocks(world)), pick("share", [0.001, -0.001, 0.05, -0.05])),
  },
  {
    kind: "clock-step-back",
    scope: "clock",
    summary: "the wall clock of a host jumps back",
    parameters: { name: "host or service", ms: "virtual milliseconds" },
    draw: (pick, world) => clockStepBack(pick("host", clocks(world)), pick("ms", [1_000, 30_000, 3_600_000])),
  },
];
