/**
 * Lays the leak watch over an exploration before anything of the platform is loaded, so that what a module keeps for
 * itself, such as `const now = Date.now`, is watched, too. Must be the first import of the command line.
 */
import { installLeakWatch } from "../determinism/index.js";

if (process.argv[2] === "explore") installLeakWatch();
