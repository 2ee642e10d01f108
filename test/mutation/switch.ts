/** The switch that compiled mutants ask. */
import { readJob } from "./job.js";

declare global {
  var isMutant: (id: number) => boolean;
  /** The mutant that is on; 0 for none. */
  var activeMutant: number;
  /** How often its place was reached. */
  var mutantHits: number;
}

// Above what any test needs, and reached in a second or two by a loop that a mutant made endless.
const hitsMax = 3_000_000;

const job = readJob();
const only = job.mutants.find(({ id }) => job.ids.includes(id));
// A mutant in what is evaluated at load is on from the start.
globalThis.activeMutant = only?.atLoad === true ? only.id : 0;
globalThis.mutantHits = 0;
globalThis.isMutant = (id) => {
  if (id !== globalThis.activeMutant) return false;
  globalThis.mutantHits += 1;
  if (globalThis.mutantHits > hitsMax) throw new Error("The mutant runs in circles.");
  return true;
};
