/** Functions of the session: sequences, advisory locks, settings, identity, randomness. */
import type { SequenceDef } from "../../catalog/catalog.js";
import { DatabaseError } from "../../database-error.js";
import {
  boolType,
  float8Type,
  int4Type,
  int8Type,
  nameType,
  textType,
  uuidType,
  voidType,
} from "../../types/builtin.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import { type AdvisoryRequest, type Env, missingTable, type Wait } from "../env.js";
import type { FunctionDef } from "../function-table.js";
import { unsupported } from "../unsupported.js";

function findSequence(name: Value | undefined, env: Env): SequenceDef {
  const bare = (name as string).replace(/^public\./, "").replace(/^"(.*)"$/, "$1");
  const found = env.runtime.catalog.sequences.get(bare);
  if (found === undefined) throw missingTable(bare);
  return found;
}

const sequenceFunctions: FunctionDef[] = [
  {
    name: "nextval",
    args: [textType],
    result: int8Type,
    volatile: true,
    run: ([name], env) => env.runtime.nextValue(findSequence(name, env)),
  },
  {
    name: "currval",
    args: [textType],
    result: int8Type,
    volatile: true,
    run: ([name], env) => env.runtime.currentValue(findSequence(name, env)),
  },
  { name: "lastval", args: [], result: int8Type, volatile: true, run: (_, env) => env.runtime.lastValue() },
  {
    name: "setval",
    args: [textType, int8Type, boolType],
    required: 2,
    result: int8Type,
    volatile: true,
    run: ([name, value, called = true], env) => {
      env.runtime.setValue(findSequence(name, env), value as bigint, called === true);
      return value ?? null;
    },
  },
];

type AdvisoryParts = Omit<AdvisoryRequest, "key">;

/** Both key forms: one bigint, or two integers; they never meet. */
function advisory(name: string, result: PgType, parts: AdvisoryParts): FunctionDef[] {
  const keyOf = (args: readonly Value[]): string =>
    args.map((part) => (part as bigint | number).toString()).join(",");
  const ask = (args: readonly Value[], env: Env): ReturnType<Env["runtime"]["advisory"]> =>
    env.runtime.advisory({ ...parts, key: keyOf(args) });
  const waits = parts.action === "lock";
  const wait = (values: readonly Value[], env: Env): Wait | null => {
    const answer = ask(values, env);
    return answer === null || typeof answer === "boolean" ? null : { kind: "lock", wait: answer };
  };
  const overload = (args: readonly PgType[]): FunctionDef => ({
    name,
    args,
    result,
    volatile: true,
    run(values, env) {
      if (waits) throw unsupported(`${name}() anywhere but as a column of a plain SELECT`);
      const answer = ask(values, env);
      return result === voidType ? "" : answer === true;
    },
    wait: waits ? wait : null,
  });
  return [overload([int8Type]), overload([int4Type, int4Type])];
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

function uuidFrom(bytes: Uint8Array): string {
  const hex = [...bytes]
    .map((byte, index) => (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte))
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const sessionFunctions: readonly FunctionDef[] = [
  ...sequenceFunctions,
  ...advisoryFunctions,
  {
    name: "pg_advisory_unlock_all",
    args: [],
    result: voidType,
    volatile: true,
    run(_, env) {
      env.runtime.advisory({ action: "unlock all", key: "", shared: false, scope: "session" });
      return "";
    },
  },
  {
    name: "pg_sleep",
    args: [float8Type],
    result: voidType,
    volatile: true,
    run: () => {
      throw unsupported("pg_sleep() anywhere but as a column of a plain SELECT");
    },
    wait: ([seconds]) =>
      (seconds as number) > 0 ? { kind: "sleep", delayMs: (seconds as number) * 1000 } : null,
  },
  {
    name: "pg_notify",
    args: [textType, textType],
    result: voidType,
    volatile: true,
    calledOnNull: true,
    run([channel = null, payload = null], env) {
      if (channel === null || channel === "")
        throw new DatabaseError("22023", "channel name cannot be empty");
      env.runtime.notify(channel as string, (payload as string | null) ?? "");
      return "";
    },
  },
  {
    name: "gen_random_uuid",
    args: [],
    result: uuidType,
    volatile: true,
    run: (_, env) => uuidFrom(env.runtime.randomBytes(16)),
  },
  {
    name: "random",
    args: [],
    result: float8Type,
    volatile: true,
    run(_, env) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = env.runtime.randomBytes(6);
      return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) / 2 ** 48;
    },
  },
  { name: "pg_backend_pid", args: [], result: int4Type, run: (_, env) => env.runtime.backendPid },
  {
    name: "txid_current",
    args: [],
    result: int8Type,
    volatile: true,
    run: (_, env) => BigInt(env.runtime.xactId()),
  },
  { name: "current_database", args: [], result: nameType, run: (_, env) => env.runtime.database },
  { name: "current_schema", args: [], result: nameType, run: () => "public" },
  {
    name: "version",
    args: [],
    result: textType,
    run: () => "PostgreSQL 15.0 (simulated)",
  },
  {
    name: "current_setting",
    args: [textType, boolType],
    required: 1,
    result: textType,
    run([name, missingOk = false], env) {
      const value = env.runtime.setting((name as string).toLowerCase());
      if (value === null && missingOk !== true) {
        throw new DatabaseError("42704", `unrecognized configuration parameter "${name as string}"`);
      }
      return value;
    },
  },
  {
    name: "set_config",
    args: [textType, textType, boolType],
    result: textType,
    volatile: true,
    run([name, value, local], env) {
      env.runtime.changeSetting((name as string).toLowerCase(), value as string, local === true);
      return env.runtime.setting((name as string).toLowerCase());
    },
  },
];
