/** Lets the process hear of what is not the work in hand: signals, most of all. Runs themselves never let go. */

// Kept before any world puts its own in place.
const nativeSetImmediate = setImmediate;

/** Resolves once the event loop of the process has gone round. */
export async function breathe(): Promise<void> {
  return new Promise((resolve) => {
    nativeSetImmediate(resolve);
  });
}
