/** Telling what a test has put in the place of a function from the function itself. */

/** @returns Whether it is a spy or a stub: of Vitest, Jest, node:test or sinon. */
export function isMock(value: unknown): boolean {
  return typeof value === "function" && ("mock" in value || "isSinonProxy" in value);
}
