/** How printed commands are written, so that they can be copied into a shell. */
import { anyShellWord, shellWord } from "../text.js";

/** How this program is started again: as the package gives it, or from its sources where it runs from them. */
export const commandName =
  process.argv[1]?.endsWith("bin.ts") === true ? "node tools/run-ts.mjs sim/cli/bin.ts" : "npx phoenix-sim";

/** @returns The text as one word of a command: for PowerShell and cmd.exe, too, unless only a POSIX shell can have it. */
export function commandWord(text: string): string {
  return /["$`\\!%]/.test(text) ? shellWord(text) : anyShellWord(text);
}
