/** Functions and operators as facts, and which of an overloaded name a call means: chapter 10 of PostgreSQL's manual. */
import { DatabaseError } from "../database-error.js";
import { anyTypes, textType } from "../types/builtin.js";
import { findCast } from "../types/cast.js";
import { types } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { categoryOf, commonType, isPreferred, tryCoerce } from "./coerce.js";
import type { Compiled, EvaluationContext, Wait } from "./execution-context.js";

/** What a function may know besides its arguments. */
export interface CallInfo {
  readonly env: EvaluationContext;
  readonly types: readonly PgType[];
  readonly result: PgType;
}

type Run = (...args: never[]) => Value;
type RunWithInfo = (info: CallInfo, ...args: never[]) => Value;

export interface FunctionDef {
  readonly name: string;
  readonly args: readonly PgType[];
  /** Whether the last argument may come many times. */
  readonly variadic: boolean;
  readonly result: PgType;
  /** Whether null gives null without a call. */
  readonly strict: boolean;
  readonly volatile: boolean;
  run(args: readonly Value[], info: CallInfo): Value;
  /** Set when the call may have to wait. */
  readonly wait?: (args: readonly Value[], env: EvaluationContext) => Wait | null;
  /** Set for functions that give many rows. */
  readonly rows?: (args: readonly Value[], info: CallInfo) => Iterable<Value | Row>;
}

const informed = new WeakSet<object>();

/** Marks a function that is given what it is called with before its arguments. */
export function withInfo(run: RunWithInfo): Run {
  informed.add(run);
  return run;
}

function typeNamed(name: string): PgType {
  const [base = "", brackets] = name.split("[");
  const found = anyTypes[base] ?? types[base];
  if (found === undefined) throw new Error(`no type ${name}`);
  return brackets === undefined ? found : arrayOf(found);
}

/**
 * Reads a table of functions: `name(type, type?, variadic type) result` and what runs. `null` behind it says that it is
 * called with nulls, `volatile` that each call may differ; several signatures of one function stand between `;`.
 */
export function define(table: Readonly<Record<string, Run>>): FunctionDef[] {
  return Object.entries(table).flatMap(([signatures, run]) =>
    signatures.split(";").flatMap((signature) => overloads(signature.trim(), run)),
  );
}

function overloads(signature: string, run: Run): FunctionDef[] {
  const [, name = "", list = "", result = "", flags = ""] =
    /^(\S+?)\((.*)\)\s+(\S+)((?:\s+\w+)*)$/.exec(signature) ?? [];
  const parts = list === "" ? [] : list.split(",").map((part) => part.trim());
  const variadic = parts.at(-1)?.startsWith("variadic ") === true;
  const args = parts.map((part) => typeNamed(part.replace("variadic ", "").replace("?", "")));
  const required = parts.filter((part) => !part.endsWith("?")).length;
  const call = run as unknown as (...values: unknown[]) => Value;
  const isInformed = informed.has(run);
  const shared = {
    name,
    variadic,
    result: typeNamed(result),
    strict: !flags.includes("null"),
    volatile: flags.includes("volatile"),
    run: (values: readonly Value[], info: CallInfo) => (isInformed ? call(info, ...values) : call(...values)),
  };
  return Array.from({ length: parts.length - required + 1 }, (_, index) => ({
    ...shared,
    args: args.slice(0, required + index),
  }));
}

/** A function that is found for a call, with its arguments brought to its types. */
export interface Match {
  readonly def: FunctionDef;
  readonly args: readonly Compiled[];
  readonly result: PgType;
}

const isUnknown = ({ coerce, type }: Compiled): boolean =>
  coerce !== undefined || type.category === "unknown";

/** The types that a definition has for so many arguments; null when it does not take that many. */
function typesFor(def: FunctionDef, count: number, spread: boolean): readonly PgType[] | null {
  if (!def.variadic || !spread) return def.args.length === count ? def.args : null;
  const fixed = def.args.slice(0, -1);
  if (count < def.args.length) return null;
  const last = def.args.at(-1) as PgType;
  const item = last === anyTypes["anyarray"] ? anyTypes["anyelement"] : (last.element ?? last);
  return [...fixed, ...Array.from({ length: count - fixed.length }, () => item as PgType)];
}

/** What the any-types of a signature stand for; null when the arguments disagree. */
function solve(wanted: readonly PgType[], args: readonly Compiled[]): Map<string, PgType> | null {
  const solved = new Map<string, PgType>();
  for (const [index, type] of wanted.entries()) {
    const argument = args[index];
    if (type.category !== "pseudo" || type.name === "any" || argument === undefined || isUnknown(argument))
      continue;
    const family = type.name.startsWith("anycompatible") ? "compatible" : "element";
    const own =
      type.name.endsWith("array") && type.name !== "anynonarray" ? argument.type.element : argument.type;
    if (own === undefined || (type.name === "anynonarray" && argument.type.element !== undefined))
      return null;
    const known = solved.get(family);
    const next =
      known === undefined
        ? own
        : family === "compatible"
          ? commonType(known, own)
          : known.oid === own.oid
            ? known
            : null;
    if (next === null) return null;
    solved.set(family, next);
  }
  return solved;
}

function concrete(type: PgType, solved: ReadonlyMap<string, PgType>): PgType | null {
  if (type.category !== "pseudo" || type.name === "any") return type;
  const item = solved.get(type.name.startsWith("anycompatible") ? "compatible" : "element");
  if (item === undefined) return null;
  return type.name.endsWith("array") && type.name !== "anynonarray" ? arrayOf(item) : item;
}

function fits(argument: Compiled, type: PgType): boolean {
  return (
    isUnknown(argument) ||
    type.category === "pseudo" ||
    argument.type.oid === type.oid ||
    findCast(argument.type, type, "implicit") !== null
  );
}

interface Candidate {
  readonly def: FunctionDef;
  readonly types: readonly PgType[];
}

function keepBest(
  candidates: readonly Candidate[],
  score: (candidate: Candidate) => number,
): readonly Candidate[] {
  const scores = candidates.map(score);
  const best = Math.max(...scores);
  return candidates.filter((_, index) => scores[index] === best);
}

/** Several fit: those with the most exact matches, then with the most preferred types, then by what literals may be. */
function select(all: readonly Candidate[], args: readonly Compiled[]): Candidate | null {
  const count = (test: (argument: Compiled, type: PgType) => boolean) => (candidate: Candidate) =>
    args.filter((argument, index) => !isUnknown(argument) && test(argument, candidate.types[index] as PgType))
      .length;
  const isExact = (argument: Compiled, type: PgType): boolean => argument.type.oid === type.oid;
  let left = keepBest(all, count(isExact));
  if (left.length > 1)
    left = keepBest(
      left,
      count(
        (argument, type) =>
          isExact(argument, type) || (isPreferred(type) && categoryOf(type) === categoryOf(argument.type)),
      ),
    );
  if (left.length === 1) return left[0] ?? null;
  if (!args.some(isUnknown)) return null;
  const byCategory = narrow(left, args);
  if (byCategory.length === 1) return byCategory[0] ?? null;
  const known = args.filter((argument) => !isUnknown(argument)).map(({ type }) => type);
  const [first] = known;
  if (first === undefined || known.some(({ oid }) => oid !== first.oid)) return null;
  const assumed = args.map((argument): Compiled =>
    isUnknown(argument) ? { type: first, constant: true, run: () => null } : argument,
  );
  const same = byCategory.filter(
    ({ types: wanted }) =>
      assumed.every((argument, index) => fits(argument, wanted[index] as PgType)) &&
      solve(wanted, assumed) !== null,
  );
  return same.length === 1 ? (same[0] ?? null) : null;
}

function narrow(candidates: readonly Candidate[], args: readonly Compiled[]): readonly Candidate[] {
  const slots: Array<{ readonly index: number; readonly category: string; readonly preferred: boolean }> = [];
  for (const [index, argument] of args.entries()) {
    if (!isUnknown(argument)) continue;
    const wanted = candidates.map((candidate) => candidate.types[index] as PgType);
    const categories = new Set(wanted.map(categoryOf));
    const category = categories.has("text")
      ? "text"
      : categories.size === 1
        ? categoryOf(wanted[0] as PgType)
        : null;
    if (category === null) return candidates;
    slots.push({
      index,
      category,
      preferred: wanted.some((type) => categoryOf(type) === category && isPreferred(type)),
    });
  }
  const kept = candidates.filter(({ types: wanted }) =>
    slots.every(({ index, category, preferred }) => {
      const type = wanted[index] as PgType;
      return categoryOf(type) === category && (!preferred || isPreferred(type));
    }),
  );
  return kept.length === 0 ? candidates : kept;
}

/** @returns `none` or `ambiguous` when no definition is the one. @param spread - False for `VARIADIC array`. */
export function resolve(
  defs: readonly FunctionDef[],
  args: readonly Compiled[],
  spread = true,
): Match | "none" | "ambiguous" {
  const candidates: Candidate[] = [];
  for (const def of defs) {
    const wanted = typesFor(def, args.length, spread);
    if (wanted === null) continue;
    if (args.every((argument, index) => !isUnknown(argument) && argument.type.oid === wanted[index]?.oid))
      return matched({ def, types: wanted }, args);
    if (
      args.every((argument, index) => fits(argument, wanted[index] as PgType)) &&
      solve(wanted, args) !== null
    )
      candidates.push({ def, types: wanted });
  }
  if (candidates.length === 0) return "none";
  const chosen = candidates.length === 1 ? candidates[0] : select(candidates, args);
  return chosen == null ? "ambiguous" : matched(chosen, args);
}

function matched({ def, types: wanted }: Candidate, args: readonly Compiled[]): Match {
  const solved = solve(wanted, args) ?? new Map<string, PgType>();
  // Literals alone are text where any type would do for them all.
  if (!solved.has("compatible") && wanted.some(({ name }) => name.startsWith("anycompatible")))
    solved.set("compatible", textType);
  const coerced = args.map((argument, index) => {
    const type = wanted[index] as PgType;
    if (type.name === "any" && def.name === "pg_typeof" && argument.type.category === "unknown")
      return { type: argument.type, constant: true, run: argument.run };
    if (type.name === "any") return argument.coerce === undefined ? argument : argument.coerce(textType);
    const target = concrete(type, solved);
    if (target === null)
      throw new DatabaseError("42804", "could not determine polymorphic type because input has type unknown");
    return tryCoerce(argument, target, "implicit") ?? argument;
  });
  const result = concrete(def.result, solved);
  if (result === null)
    throw new DatabaseError("42804", "could not determine polymorphic type because input has type unknown");
  return { def, args: coerced, result };
}

/** The call as an expression. */
export function invoke({ def, args, result }: Match): Compiled {
  const argumentTypes = args.map(({ type }) => type);
  const constant = !def.volatile && args.every((argument) => argument.constant);
  const { strict } = def;
  const info = { env: null as unknown as EvaluationContext, types: argumentTypes, result };
  return {
    type: result,
    constant,
    run(env) {
      const values: Value[] = [];
      // All are evaluated, whatever one of them gives: a later one may be an error.
      for (const argument of args) values.push(argument.run(env));
      if (strict && values.includes(null)) return null;
      return def.run(values, { ...info, env });
    },
  };
}

/** Called by words of SQL only, which mean the system's own. */
const grammarNames = new Set(["extract", "position", "timezone", "like_escape", "similar_to_escape"]);

const argumentList = (args: readonly Compiled[]): string =>
  args.map(({ type }) => (type.category === "unknown" ? "unknown" : type.name)).join(", ");

export function noFunction(
  name: string,
  args: readonly Compiled[],
  kind: "none" | "ambiguous" = "none",
): DatabaseError {
  const shown = `function ${grammarNames.has(name) ? "pg_catalog." : ""}${name}(${argumentList(args)})`;
  return kind === "none"
    ? new DatabaseError("42883", `${shown} does not exist`, {
        hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
      })
    : new DatabaseError("42725", `${shown} is not unique`, {
        hint: "Could not choose a best candidate function. You might need to add explicit type casts.",
      });
}
