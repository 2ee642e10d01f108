import { expect, test } from "vitest";
import * as fc from "fast-check";
import { cpuSeconds, cpuShare, memoryMb } from "../../../../../sim/servers/collector/process-behaviour.js";

const behaviour = fc.constantFrom("steady", "spiky", "growing", "random" as const);
const age = fc.double({ min: 0, max: 100_000, noNaN: true });
const phase = fc.double({ min: 0, max: 0.999, noNaN: true });

test("CPU seconds are the integral of the CPU share and never fall", () => {
  fc.assert(
    fc.property(behaviour, age, phase, (kind, ageS, phase) => {
      const stepS = 0.25;
      const steps = 40;
      let sum = 0;
      for (let step = 0; step < steps; step += 1) {
        sum += cpuShare(kind, ageS + (step + 0.5) * stepS, phase) * stepS;
      }
      const gained = cpuSeconds(kind, ageS + steps * stepS, phase) - cpuSeconds(kind, ageS, phase);
      expect(gained).toBeGreaterThanOrEqual(0);
      // A spike's edge may fall inside one step of the sum.
      expect(Math.abs(gained - sum)).toBeLessThan(0.4);
    }),
  );
});

test("a process begins with no CPU time", () => {
  fc.assert(
    fc.property(behaviour, phase, (kind, phase) => {
      expect(cpuSeconds(kind, 0, phase)).toBeCloseTo(0, 9);
    }),
  );
});

test("shares and memory stay in the ranges of the platform's load simulator", () => {
  fc.assert(
    fc.property(behaviour, age, phase, (kind, ageS, phase) => {
      expect(cpuShare(kind, ageS, phase)).toBeGreaterThanOrEqual(0);
      expect(cpuShare(kind, ageS, phase)).toBeLessThanOrEqual(0.99);
      expect(memoryMb(kind, ageS, phase)).toBeGreaterThanOrEqual(10);
      expect(memoryMb(kind, ageS, phase)).toBeLessThanOrEqual(500);
    }),
  );
});
