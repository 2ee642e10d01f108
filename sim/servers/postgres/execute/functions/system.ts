/** Functions of the session: sequences, advisory locks, settings, identity, randomness. */
import { lookUp, type SequenceDef } from "../../catalog/catalog.js";
import { DatabaseError } from "../../database-error.js";
import {
  float8Type,
  int4Type,
  int8Type,
  regclassType,
  regtypeType,
  regnamespaceType,
  boolType,
  regroleType,
  regprocType,
  voidType,
} from "../../types/builtin.js";
import { lookupRegistered, qualifiedName, quoteIdentifier } from "../../types/catalog-names.js";
import { describeType, types as typesByName } from "../../types/type-names.js";
import type { PgType } from "../../types/type.js";
import type { Registered, Value } from "../../types/value.js";
import {
  findTable,
  missingTable,
  unsupported,
  type AdvisoryRequest,
  type EvaluationContext,
  type Wait,
} from "../execution-context.js";
import { define, withInfo, type CallInfo, type FunctionDef } from "../resolution.js";

const fault = (code: string, text: string): DatabaseError => new DatabaseError(code, text);

function findSequence(named: Registered, { runtime }: EvaluationContext): SequenceDef {
  const name = qualifiedName(named.text);
  const found = lookUp(runtime.catalog.sequences, name, runtime.catalog);
  if (found !== undefined) return found;
  if (lookUp(runtime.catalog.tables, name, runtime.catalog) !== undefined)
    throw fault("42809", `"${name.name}" is not a sequence`);
  throw missingTable(named.text);
}

/** The schemas of the search path that there are. */
function schemasOf({ runtime: { catalog } }: EvaluationContext): string[] {
  return catalog.searchPath.filter((name) => catalog.schemas.has(name));
}

type AdvisoryParts = Omit<AdvisoryRequest, "key">;

/** Both key forms: one bigint, or two integers; they never meet. */
function advisory(name: string, result: PgType, parts: AdvisoryParts): FunctionDef[] {
  const ask = (
    args: readonly Value[],
    env: EvaluationContext,
  ): ReturnType<EvaluationContext["runtime"]["advisory"]> =>
    env.runtime.advisory({
      ...parts,
      key: args.map((part) => (part as bigint | number).toString()).join(","),
    });
  const wait = (values: readonly Value[], env: EvaluationContext): Wait | null => {
    const answer = ask(values, env);
    return answer === null || typeof answer === "boolean" ? null : { kind: "lock", wait: answer };
  };
  const shared = {
    name,
    result,
    variadic: false,
    strict: true,
    volatile: true,
    ...(parts.action === "lock" ? { wait } : {}),
  };
  const run = (values: readonly Value[], { env }: CallInfo): Value =>
    result === voidType ? "" : ask(values, env) === true;
  return [[int8Type], [int4Type, int4Type]].map((args) => ({ ...shared, args, run }));
}

const advisoryFunctions: FunctionDef[] = (["session", "transaction"] as const).flatMap((scope) =>
  [false, true].flatMap((shared) => {
    const x = scope === "transaction" ? "_xact" : "";
    const tail = shared ? "_shared" : "";
    const taking = advisory(`pg_advisory${x}_lock${tail}`, voidType, { action: "lock", shared, scope });
    const trying = advisory(`pg_try_advisory${x}_lock${tail}`, boolType, { action: "try", shared, scope });
    if (scope === "transaction") return taking.concat(trying);
    return taking.concat(
      trying,
      advisory(`pg_advisory_unlock${tail}`, boolType, { action: "unlock", shared, scope }),
    );
  }),
);

const sleep: FunctionDef = {
  name: "pg_sleep",
  args: [float8Type],
  result: voidType,
  variadic: false,
  strict: true,
  volatile: true,
  run: () => {
    throw unsupported("pg_sleep() anywhere but as a column of a SELECT");
  },
  wait: ([seconds]) =>
    (seconds as number) > 0 ? { kind: "sleep", delayMs: (seconds as number) * 1000 } : null,
};

/** A random one of version 4. */
function uuidFrom(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte, index) =>
    (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte)
      .toString(16)
      .padStart(2, "0"),
  ).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function serialSequence({ runtime }: EvaluationContext, tableName: string, column: string): string | null {
  const { name } = qualifiedName(tableName);
  const table = findTable(runtime.catalog, qualifiedName(tableName));
  const index = table.columns.findIndex((own) => own.name === column && !own.dropped);
  if (index < 0) throw fault("42703", `column "${column}" of relation "${name}" does not exist`);
  const found = [...runtime.catalog.sequences.values()].find(
    ({ owner }) => owner?.tableId === table.id && owner.column === index,
  );
  return found === undefined ? null : `${quoteIdentifier(found.schema)}.${quoteIdentifier(found.name)}`;
}

/** `format_type(oid, typmod)`. */
function formatType({ runtime }: EvaluationContext, oid: number, modifier: number | null): string {
  const all = [...Object.values(typesByName), ...runtime.catalog.enums.values()];
  const own = all.find((type) => type.oid === oid);
  const element = own === undefined ? all.find((type) => type.arrayOid === oid && oid !== 0) : undefined;
  const type = own ?? element;
  if (type === undefined) return "???";
  const modifiers =
    modifier === null || modifier < 0
      ? []
      : type.oid === 1700
        ? [((modifier - 4) >> 16) & 0xff_ff, (modifier - 4) & 0x7_ff]
        : type.category === "text"
          ? [modifier - 4]
          : [modifier];
  return (
    describeType(modifiers.length === 0 ? type : { ...type, modifiers }) + (element === undefined ? "" : "[]")
  );
}

export const systemFunctions = [
  ...advisoryFunctions,
  sleep,
  ...define({
    "nextval(regclass) int8 volatile": withInfo(({ env }, name: Registered) =>
      env.runtime.nextValue(findSequence(name, env)),
    ),
    "currval(regclass) int8 volatile": withInfo(({ env }, name: Registered) =>
      env.runtime.currentValue(findSequence(name, env)),
    ),
    "lastval() int8 volatile": withInfo(({ env }) => env.runtime.lastValue()),
    "setval(regclass,int8,bool?) int8 volatile": withInfo(
      ({ env }, name: Registered, value: bigint, called = true) => {
        env.runtime.setValue(findSequence(name, env), value, called);
        return value;
      },
    ),
    "pg_advisory_unlock_all() void volatile": withInfo(({ env }) => {
      env.runtime.advisory({ action: "unlock all", key: "", shared: false, scope: "session" });
      return "";
    }),
    "pg_notify(text,text) void null volatile": withInfo(
      ({ env }, channel: string | null, payload: string | null) => {
        if (channel === null || channel === "") throw fault("22023", "channel name cannot be empty");
        env.runtime.notify(channel, payload ?? "");
        return "";
      },
    ),
    "gen_random_uuid() uuid volatile; uuid_generate_v4() uuid volatile": withInfo(({ env }) =>
      uuidFrom(env.runtime.randomBytes(16)),
    ),
    "pg_backend_pid() int4": withInfo(({ env }) => env.runtime.backendPid),
    "txid_current() int8 volatile; pg_current_xact_id() int8 volatile": withInfo(({ env }) =>
      BigInt(env.runtime.xactId()),
    ),
    "current_database() name": withInfo(({ env }) => env.runtime.database),
    "current_schema() name": withInfo(({ env }) => schemasOf(env)[0] ?? null),
    "enum_first(anyenum) anyenum null": withInfo(({ types: [type] }) => type?.labels?.[0] ?? null),
    "enum_last(anyenum) anyenum null": withInfo(({ types: [type] }) => type?.labels?.at(-1) ?? null),
    "enum_range(anyenum) anyarray null": withInfo(({ types: [type] }) => type?.labels ?? null),
    "current_schemas(bool) name[]": withInfo(({ env }, implicit: boolean) => [
      ...(implicit ? ["pg_catalog"] : []),
      ...schemasOf(env),
    ]),
    "version() text": () => "PostgreSQL 15.0 (simulated)",
    "current_setting(text,bool?) text": withInfo(({ env }, name: string, missingOk = false) => {
      const value = env.runtime.setting(name.toLowerCase());
      if (value === null && !missingOk)
        throw fault("42704", `unrecognized configuration parameter "${name}"`);
      return value;
    }),
    "set_config(text,text,bool) text null volatile": withInfo(
      ({ env }, name: string, value: string | null, local: boolean | null) => {
        env.runtime.changeSetting(name.toLowerCase(), value ?? "", local === true);
        return env.runtime.setting(name.toLowerCase());
      },
    ),
    "pg_typeof(any) regtype null": withInfo(({ types: [type] }) => ({
      oid: type?.oid ?? 0,
      text: type?.name ?? "unknown",
    })),
    "num_nulls(variadic any) int4 null": (...values: Value[]) =>
      values.filter((value) => value === null).length,
    "num_nonnulls(variadic any) int4 null": (...values: Value[]) =>
      values.filter((value) => value !== null).length,
    "to_regclass(text) regclass": withInfo(({ env }, name: string) =>
      lookupRegistered(regclassType, name, env.runtime),
    ),
    "to_regtype(text) regtype": withInfo(({ env }, name: string) =>
      lookupRegistered(regtypeType, name, env.runtime),
    ),
    "to_regnamespace(text) regnamespace": withInfo(({ env }, name: string) =>
      lookupRegistered(regnamespaceType, name, env.runtime),
    ),
    "to_regrole(text) regrole": withInfo(({ env }, name: string) =>
      lookupRegistered(regroleType, name, env.runtime),
    ),
    "to_regproc(text) regproc": withInfo(({ env }, name: string) =>
      lookupRegistered(regprocType, name, env.runtime),
    ),
    "pg_get_serial_sequence(text,text) text": withInfo(({ env }, table: string, column: string) =>
      serialSequence(env, table, column),
    ),
    "format_type(oid,int4) text null": withInfo(({ env }, oid: number | null, modifier: number | null) =>
      oid === null ? null : formatType(env, oid, modifier),
    ),
    "inet_server_port() int4; inet_client_port() int4": () => null,
    "pg_is_in_recovery() bool": () => false,
    "pg_postmaster_start_time() timestamptz; pg_conf_load_time() timestamptz": () => 0,
    "pg_my_temp_schema() oid": () => 0,
  }),
];
