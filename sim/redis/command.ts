/** What a command is: its arity, its flags and the function that runs it; and small helpers for them all. */
import type { Bytes } from "./bytes.js";
import type { Core, SessionState } from "./core.js";
import type { Database } from "./database.js";
import { RedisError, syntaxError, type RedisReply } from "./reply.js";
import { missingSubcommand } from "./unsupported.js";

/**
 * The words after the command's name. The arity check of the table has made sure of those that a command
 * cannot do without, so the first few read as strings; for the others use {@link argument}.
 */
export interface Args extends ReadonlyArray<Bytes> {
  readonly 0: Bytes;
  readonly 1: Bytes;
  readonly 2: Bytes;
  readonly 3: Bytes;
}

/** What a command works on. */
export interface Context {
  readonly core: Core;
  readonly session: SessionState;
  /** The session's selected database. */
  readonly db: Database;
  /** Whole epoch milliseconds. */
  readonly now: number;
  /** False inside EXEC and scripts, where nothing waits. */
  readonly mayBlock: boolean;
  readonly inScript: boolean;
}

export type CommandResult = RedisReply | Promise<RedisReply>;
export type Run = (context: Context, args: Args) => CommandResult;

/**
 * `arity` counts the name and is negative for "at least". Flags: `w` writes, `s` not from scripts,
 * `p` allowed while subscribed, `m` runs at once even after MULTI, `x` refused after MULTI.
 */
export type CommandSpec = readonly [arity: number, flags: string, run: Run];
export type CommandTable = Readonly<Record<string, CommandSpec>>;

export function aritySatisfied(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}

export const wrongArity = (name: string): RedisError =>
  new RedisError(`ERR wrong number of arguments for '${name}' command`);

/** @throws RedisError syntax error when there is no such word. */
export function argument(args: readonly Bytes[], index: number): Bytes {
  const value = args[index];
  if (value === undefined) throw syntaxError();
  return value;
}

/** Words two by two; the count must be even. */
export function pairs(words: readonly Bytes[]): [Bytes, Bytes][] {
  const result: [Bytes, Bytes][] = [];
  for (let index = 0; index + 1 < words.length; index += 2) {
    result.push([words[index] ?? "", words[index + 1] ?? ""]);
  }
  return result;
}

/** Makes one command of a family such as XGROUP; arities count both words. */
export function subcommands(family: string, table: CommandTable): Run {
  const index = new Map(Object.entries(table));
  return (context, args) => {
    const name = args[0].toLowerCase();
    const spec = index.get(name);
    if (spec === undefined) throw missingSubcommand(family, args[0]);
    if (!aritySatisfied(spec[0], args.length + 1)) throw wrongArity(`${family}|${name}`);
    return spec[2](context, args.slice(1) as unknown as Args);
  };
}
