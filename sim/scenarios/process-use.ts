/** What the process holds at a moment: for reports of resource use, never for anything inside a world. */

export interface ProcessUse {
  /** Bytes of JavaScript heap in use, garbage included. */
  readonly heapBytes: number;
  /** Sockets, timers, pipes and the like that keep the process alive. */
  readonly handles: number;
}

export function readProcessUse(): ProcessUse {
  return { heapBytes: process.memoryUsage().heapUsed, handles: handles() };
}

// An immediate is gone after this turn of the process, so that it is nothing left open.
function handles(): number {
  return process.getActiveResourcesInfo().filter((type) => type !== "Immediate").length;
}
