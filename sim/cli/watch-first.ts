/**
 * Lays the leak watch over an exploration before anything of the user's is loaded, so that what a module keeps for
 * itself, such as `const now = Date.now`, is watched, too. The simulator is loaded first: its own uses go past the
 * watch.
 */
export async function watchFirst(command: string): Promise<void> {
  // Findings name lines of the sources rather than of bundles. Other commands show none, and need not wait for the maps.
  if (["explore", "replay", "shrink"].includes(command)) process.setSourceMapsEnabled(true);
  if (command !== "explore") return;
  await import("./explore.js");
  const { installLeakWatch } = await import("../determinism/index.js");
  installLeakWatch();
}
