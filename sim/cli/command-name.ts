/** How this program is started again: as the package gives it, or from its sources where it runs from them. */
export const commandName =
  process.argv[1]?.endsWith("bin.ts") === true ? "node tools/run-ts.mjs sim/cli/bin.ts" : "npx phoenix-sim";
