/** PostgreSQL's own parser, as WebAssembly: loaded at once when the first statement of a process has to be parsed. */
import { readFileSync } from "node:fs";

import type { ParseResult } from "libpg-query";

import { loadPackage, packageFile } from "../../../shared/load-package.js";
import { DatabaseError } from "../database-error.js";

/** The parts of the compiled module that are used. Pointers are numbers. */
interface Module {
  instantiateWasm(
    imports: WebAssembly.Imports,
    ready: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
  readonly preRun: ReadonlyArray<() => void>;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, length: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: "i32"): number;
  _malloc(length: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  _wasm_parse_plpgsql(text: number): number;
  _wasm_free_string(text: number): void;
}

let loaded: Module | null = null;

/**
 * The module's own way to start is asynchronous, and a world cannot wait: it is instantiated inside the call, its
 * constructors are run here, and its own start is ended before it runs them again.
 */
function load(): Module {
  if (loaded !== null) return loaded;
  const start = loadPackage("libpg-query/wasm/libpg-query.js") as (
    parts: Partial<Module>,
  ) => Promise<unknown>;
  const binary = readFileSync(packageFile("libpg-query/wasm/libpg-query.wasm"));
  const parts: Partial<Module> = {
    instantiateWasm(imports, ready) {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), imports);
      ready(instance);
      const constructors = Object.values(instance.exports).find((item) => typeof item === "function");
      (constructors as () => void)();
      return instance.exports;
    },
    preRun: [
      () => {
        throw new Error("started already");
      },
    ],
  };
  start(parts).catch(() => undefined);
  loaded = parts as Module;
  return loaded;
}

function withText<T>(module: Module, text: string, use: (pointer: number) => T): T {
  const length = module.lengthBytesUTF8(text) + 1;
  const pointer = module._malloc(length);
  try {
    module.stringToUTF8(text, pointer, length);
    return use(pointer);
  } finally {
    module._free(pointer);
  }
}

/** @throws DatabaseError 42601, and whatever else the scanner and the grammar raise, with its position. */
export function parseTree(text: string): ParseResult {
  const module = load();
  return withText(module, text, (pointer) => {
    const result = module._wasm_parse_query_raw(pointer);
    try {
      const error = module.getValue(result + 8, "i32");
      if (error !== 0) {
        const message = module.UTF8ToString(module.getValue(error, "i32"));
        throw parserError(message, module.getValue(error + 16, "i32"));
      }
      return JSON.parse(module.UTF8ToString(module.getValue(result, "i32"))) as ParseResult;
    } finally {
      module._wasm_free_parse_result(result);
    }
  });
}

/** The body of a function or DO block, given with the statement around it. @throws DatabaseError 42601 */
export function parsePlpgsqlTree(text: string): unknown {
  const module = load();
  return withText(module, text, (pointer) => {
    const result = module._wasm_parse_plpgsql(pointer);
    try {
      const answer = module.UTF8ToString(result);
      if (!answer.startsWith("{")) throw parserError(answer, 0);
      return JSON.parse(answer) as unknown;
    } finally {
      module._wasm_free_string(result);
    }
  });
}

/** SQLSTATEs of what the scanner and grammar raise besides syntax errors, by what their messages begin with. */
const codes: ReadonlyArray<readonly [pattern: RegExp, code: string]> = [
  [/^invalid Unicode (escape|surrogate)/, "22025"],
  [/^invalid byte sequence/, "22021"],
  [/^stack depth limit exceeded/, "54001"],
  [/is not (yet )?(supported|implemented)/, "0A000"],
];

function parserError(message: string, position: number): DatabaseError {
  const code = codes.find(([pattern]) => pattern.test(message))?.[1] ?? "42601";
  return new DatabaseError(code, message, position > 0 ? { position: String(position) } : {});
}
