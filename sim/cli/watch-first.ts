/**
 * Lays the leak watch over an exploration before anything of the platform is loaded, so that what a module keeps for
 * itself, such as `const now = Date.now`, is watched, too. Must be the first import of the command line.
 */
import { installLeakWatch } from "../determinism/index.js";

const command = process.argv[2] ?? "";
if (command === "explore") installLeakWatch();

// Findings name lines of the sources rather than of bundles. Other commands show none, and need not wait for the maps.
if (["explore", "replay", "shrink"].includes(command)) process.setSourceMapsEnabled(true);
