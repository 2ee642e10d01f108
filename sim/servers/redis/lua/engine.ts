/**
 * Runs scripts: one Lua state (fengari) for a server, as in Redis, with the libraries that Redis gives.
 * Known differences: the wording of Lua's own run-time errors, and the order of `pairs`.
 */
import type { LuaState } from "fengari";
import { createHash } from "node:crypto";

import { RedisError, error, type Bytes, type RedisReply } from "../reply.js";
import {
  describeValue,
  fromLua,
  lauxlib,
  lua,
  luaName,
  pushBytes,
  pushFieldTable,
  readBytes,
  readReply,
  stringField,
} from "./fengari.js";
import { openLibraries, withReadonlyTables, type ScriptHost } from "./libraries.js";
import { withLua51Numbers } from "./struct.js";

export interface ScriptCall {
  readonly script: Bytes;
  readonly digest: string;
  readonly keys: readonly Bytes[];
  readonly args: readonly Bytes[];
  /** Runs one command of the script; errors are replies. */
  call(words: Bytes[]): RedisReply;
}

export interface LuaEngine {
  /** @throws RedisError when the text is no Lua. */
  compile(script: Bytes, digest: string): void;
  run(call: ScriptCall): RedisReply;
}

/** Instructions between two looks at the budget, and the budget: about a second of real time. */
const hookInstructions = 1_000_000;
const hookCallsMax = 20;

export function createLuaEngine(): LuaEngine {
  let state: LuaState | undefined;
  let current: ScriptCall | undefined;
  const compiled = new Map<string, number>();
  /** Registry slot of the globals. */
  let globals = 0;
  const host: ScriptHost = {
    protocol: 2,
    call(words) {
      if (current === undefined) throw new RedisError("ERR no script is running");
      return current.call(words);
    },
  };

  function start(): LuaState {
    const L = lauxlib.luaL_newstate();
    globals = openLibraries(L, host);
    return L;
  }

  function compile(L: LuaState, script: Bytes, digest: string): number {
    const known = compiled.get(digest);
    if (known !== undefined) return known;
    let source: Uint8Array | null = Buffer.from(script, "latin1");
    const reader = (): Uint8Array | null => {
      const part = source;
      source = null;
      return part;
    };
    const status = lua.lua_load(L, reader, null, luaName("@user_script"), luaName("t"));
    if (status !== lua.LUA_OK) {
      const problem = readBytes(L, -1)
        .replaceAll("<eof>", "'<eof>'")
        .replaceAll("near ''<eof>''", "near '<eof>'");
      lua.lua_pop(L, 1);
      throw new RedisError(`ERR Error compiling script (new function): ${problem}`);
    }
    const reference = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
    compiled.set(digest, reference);
    return reference;
  }

  function setGlobalList(L: LuaState, name: string, values: readonly Bytes[]): void {
    lua.lua_newtable(L);
    for (const [index, value] of values.entries()) {
      pushBytes(L, value);
      lua.lua_rawseti(L, -2, index + 1);
    }
    lua.lua_setfield(L, -2, luaName(name));
  }

  function runCompiled(L: LuaState, reference: number, call: ScriptCall): RedisReply {
    const top = lua.lua_gettop(L);
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, globals);
    setGlobalList(L, "KEYS", call.keys);
    setGlobalList(L, "ARGV", call.args);
    lua.lua_pop(L, 1);
    lua.lua_pushcfunction(L, describeError);
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, reference);
    limit(L);
    const status = withReadonlyTables(L, () => lua.lua_pcall(L, 0, 1, top + 1));
    lua.lua_sethook(L, null, 0, 0);
    const reply =
      status === lua.LUA_OK ? readReply(L, lua.lua_gettop(L), host.protocol) : failure(L, call.digest);
    lua.lua_settop(L, top);
    return reply;
  }

  return {
    compile(script, digest) {
      withLua51Numbers(() => compile((state ??= start()), script, digest));
    },
    run(call) {
      return withLua51Numbers(() => {
        state ??= start();
        const reference = compile(state, call.script, call.digest);
        current = call;
        host.protocol = 2;
        try {
          return runCompiled(state, reference, call);
        } catch (problem) {
          // The state may be damaged: the next script gets a new one.
          state = undefined;
          compiled.clear();
          throw problem;
        } finally {
          current = undefined;
        }
      });
    },
  };
}

/** Stops a script that never ends. */
function limit(L: LuaState): void {
  let left = hookCallsMax;
  const hook = (running: LuaState): void => {
    left -= 1;
    if (left > 0) return;
    pushBytes(
      running,
      `SIM_STEP_LIMIT script stopped after ${hookInstructions * hookCallsMax} instructions: it probably never ends`,
    );
    lua.lua_error(running);
  };
  lua.lua_sethook(L, hook, lua.LUA_MASKCOUNT, hookInstructions);
}

/** The message handler: turns any error into `{err, source, line}` while the stack still says where it was. */
function describeError(L: LuaState): number {
  const debug = new lua.lua_Debug();
  for (let level = 1; level <= 2; level += 1) {
    if (lua.lua_getstack(L, level, debug) === 0) break;
    lua.lua_getinfo(L, luaName("Sl"), debug);
    if (debug.currentline > 0) break;
  }
  if (lua.lua_type(L, 1) !== lua.LUA_TTABLE) {
    const text = describeValue(L, 1);
    lua.lua_settop(L, 0);
    pushFieldTable(L, "err", `ERR ${text}`);
  }
  const source = debug.source === null ? "" : fromLua(debug.source);
  pushBytes(L, source === "" ? "@user_script" : source);
  lua.lua_setfield(L, 1, luaName("source"));
  pushBytes(L, String(Math.max(1, debug.currentline)));
  lua.lua_setfield(L, 1, luaName("line"));
  lua.lua_settop(L, 1);
  return 1;
}

function failure(L: LuaState, digest: string): RedisReply {
  const index = lua.lua_gettop(L);
  if (lua.lua_type(L, index) !== lua.LUA_TTABLE) return error(`ERR ${readBytes(L, index)}`);
  const problem = stringField(L, index, "err") ?? "ERR unknown error";
  const source = stringField(L, index, "source") ?? "@user_script";
  const line = stringField(L, index, "line") ?? "1";
  return error(`${problem} script: ${digest}, on ${source}:${line}.`.replaceAll(/[\r\n]+/g, " "));
}

// Scripts that the server knows by their SHA-1.

export interface ScriptCache {
  /** @returns The digest, lower-case hex. */
  digest(script: Bytes): string;
  /** @returns The digest, lower-case hex. */
  add(script: Bytes): string;
  get(digest: string): Bytes | undefined;
  readonly size: number;
  clear(): void;
}

export function createScriptCache(): ScriptCache {
  const scripts = new Map<string, Bytes>();
  const digests = new Map<Bytes, string>();
  const digestOf = (script: Bytes): string =>
    digests.get(script) ?? createHash("sha1").update(script, "latin1").digest("hex");
  return {
    digest: digestOf,
    add(script) {
      const digest = digestOf(script);
      scripts.set(digest, script);
      digests.set(script, digest);
      return digest;
    },
    get: (digest) => scripts.get(digest.toLowerCase()),
    get size() {
      return scripts.size;
    },
    clear() {
      scripts.clear();
      digests.clear();
    },
  };
}
