/** What a run looked like from its questions: the sizes that other runs are planned by. */
import type { ChoicePoint, Strand } from "../kernel/index.js";

/** Plain data. */
export interface Sketch {
  readonly orderPoints: number;
  readonly latencyPoints: number;
  /** For each name of strands: how many there were, and how many events they had together. */
  readonly strands: readonly (readonly [name: string, strands: number, events: number])[];
}

export interface Sketcher {
  /** Takes note of one question. */
  see(point: ChoicePoint): void;
  sketch(): Sketch;
}

const namesMax = 512;

/** Sees only strands that once had to wait for another: the ones that order is about. */
export function createSketcher(): Sketcher {
  const strands = new Set<Strand>();
  let orderPoints = 0;
  let latencyPoints = 0;
  return {
    see({ kind, candidates }) {
      if (kind === "latency") latencyPoints += 1;
      if (candidates === undefined) return;
      orderPoints += 1;
      for (const { strand } of candidates) strands.add(strand);
    },
    sketch() {
      const names = new Map<string, [number, number]>();
      for (const strand of strands) {
        const name = strandName(strand);
        const [count, events] = names.get(name) ?? [0, 0];
        if (names.has(name) || names.size < namesMax) names.set(name, [count + 1, events + strand.length]);
      }
      const rows = [...names].map(([name, [count, events]]) => [name, count, events] as const);
      return { orderPoints, latencyPoints, strands: rows };
    },
  };
}

/** @returns Host and first label of a strand. */
export function strandName({ host, label }: Pick<Strand, "host" | "label">): string {
  return `${host}/${label}`;
}
