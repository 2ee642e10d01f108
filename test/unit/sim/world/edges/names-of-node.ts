/** Every name through which this version of Node could give time, randomness or the outside. */
import { execFileSync } from "node:child_process";

/** Modules whose members are listed one by one; others are one name each. */
const detailed = ["timers", "timers/promises", "perf_hooks", "crypto", "worker_threads"];

// In a process of its own: a test runner adds globals.
const script = `
const own = (object, prefix) => Object.getOwnPropertyNames(object).map((name) => prefix + "." + name);
const detailed = ${JSON.stringify(detailed)};
const modules = require("node:module").builtinModules
  .filter((name) => !/^(node:)?_/.test(name))
  .map((name) => (name.startsWith("node:") ? name : "node:" + name));
const ofScripts = /\\.(node:|__filename|__dirname|exports|require)/;
const { navigator } = globalThis;
const names = [
  ...own(globalThis, "globalThis").filter((name) => !ofScripts.test(name)).filter(
    (name) => !modules.includes("node:" + name.slice(11)),
  ),
  ...modules.filter((name) => !detailed.includes(name.slice(5))),
  ...detailed.flatMap((name) => own(require("node:" + name), "node:" + name)),
  ...own(process, "process").filter((name) => name !== "process._eval"),
  ...own(performance, "performance"),
  ...own(Object.getPrototypeOf(performance), "performance"),
  ...own(Atomics, "Atomics"),
  ...own(AbortSignal, "AbortSignal"),
  ...own(Date, "Date"),
  ...own(Intl, "Intl"),
  ...own(Object.getPrototypeOf(require("node:crypto").webcrypto), "crypto"),
  ...(navigator === undefined ? [] : own(Object.getPrototypeOf(navigator), "navigator")),
  "Math.random",
];
process.stdout.write(JSON.stringify([...new Set(names)]));
`;

/** @returns Such as `globalThis.fetch`, `node:crypto.randomInt`, `node:fs`. */
export function namesOfNode(): readonly string[] {
  const printed = execFileSync(process.execPath, ["--no-warnings", "-e", script], { encoding: "utf8" });
  return JSON.parse(printed) as string[];
}
