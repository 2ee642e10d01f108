/** Statements without expressions: transactions, settings, notifications, table locks. */
import type {
  A_Const,
  DiscardStmt,
  LockStmt,
  Node,
  RangeVar,
  TransactionStmt,
  VariableSetStmt,
} from "@pgsql/types";

import { unsupported } from "../execute/execution-context.js";
import type { QualifiedName } from "./ast.js";
import { unwrap, type Source } from "./translate-expression.js";
import { tableName } from "./translate-query.js";

export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

export interface TransactionModes {
  readonly isolation?: IsolationLevel;
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

type TableLockMode =
  | "access share"
  | "row share"
  | "row exclusive"
  | "share update exclusive"
  | "share"
  | "share row exclusive"
  | "exclusive"
  | "access exclusive";

export type UtilityStatement =
  | { readonly kind: "begin"; readonly start: boolean; readonly modes: TransactionModes }
  | { readonly kind: "commit" | "rollback"; readonly chain: boolean }
  | { readonly kind: "savepoint" | "release" | "rollback to"; readonly name: string }
  | { readonly kind: "set transaction"; readonly session: boolean; readonly modes: TransactionModes }
  | { readonly kind: "set"; readonly local: boolean; readonly name: string; readonly value: string | null }
  | { readonly kind: "reset"; readonly name: string }
  | { readonly kind: "show"; readonly name: string }
  | { readonly kind: "listen" | "unlisten"; readonly channel: string }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string }
  | {
      readonly kind: "lock";
      readonly tables: readonly QualifiedName[];
      readonly mode: TableLockMode;
      readonly nowait: boolean;
    }
  | { readonly kind: "discard"; readonly what: string }
  | { readonly kind: "deallocate"; readonly name: string | null };

/** By the parser's numbers for them, from 1. */
const lockModes: readonly TableLockMode[] = [
  "access share",
  "row share",
  "row exclusive",
  "share update exclusive",
  "share",
  "share row exclusive",
  "exclusive",
  "access exclusive",
];

interface Option {
  readonly defname?: string;
  readonly arg?: Node;
}

function constantText(node: Node | undefined): string {
  const [kind, fields] = node === undefined ? ["", {}] : unwrap(node);
  if (kind === "TypeCast") return constantText((fields as { arg?: Node }).arg);
  const constant = fields as A_Const;
  return (
    constant.sval?.sval ??
    constant.fval?.fval ??
    String(constant.ival?.ival ?? constant.boolval?.boolval ?? 0)
  );
}

function modesOf(options: readonly Node[] | undefined): TransactionModes {
  const modes: { isolation?: IsolationLevel; readOnly?: boolean; deferrable?: boolean } = {};
  for (const option of options ?? []) {
    const { defname, arg } = (option as { DefElem: Option }).DefElem;
    if (defname === "transaction_isolation") modes.isolation = constantText(arg) as IsolationLevel;
    if (defname === "transaction_read_only") modes.readOnly = constantText(arg) === "1";
    if (defname === "transaction_deferrable") modes.deferrable = constantText(arg) === "1";
  }
  return modes;
}

function transactionOf(node: TransactionStmt): UtilityStatement {
  const name = node.savepoint_name ?? "";
  const modes = modesOf(node.options);
  const chain = node.chain === true;
  switch (node.kind) {
    case "TRANS_STMT_BEGIN":
      return { kind: "begin", start: false, modes };
    case "TRANS_STMT_START":
      return { kind: "begin", start: true, modes };
    case "TRANS_STMT_COMMIT":
    case "TRANS_STMT_ROLLBACK":
      if (chain) throw unsupported("COMMIT and ROLLBACK AND CHAIN");
      return { kind: node.kind === "TRANS_STMT_COMMIT" ? "commit" : "rollback", chain };
    case "TRANS_STMT_SAVEPOINT":
      return { kind: "savepoint", name };
    case "TRANS_STMT_RELEASE":
      return { kind: "release", name };
    case "TRANS_STMT_ROLLBACK_TO":
      return { kind: "rollback to", name };
    default:
      throw unsupported("two-phase commit: PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED");
  }
}

function settingOf(node: VariableSetStmt): UtilityStatement {
  const name = node.name ?? "";
  const local = node.is_local === true;
  switch (node.kind) {
    case "VAR_RESET":
      return { kind: "reset", name };
    case "VAR_RESET_ALL":
      return { kind: "reset", name: "all" };
    case "VAR_SET_DEFAULT":
      return { kind: "set", local, name, value: null };
    case "VAR_SET_MULTI":
      if (name === "TRANSACTION SNAPSHOT") throw unsupported("SET TRANSACTION SNAPSHOT");
      return {
        kind: "set transaction",
        session: name === "SESSION CHARACTERISTICS",
        modes: modesOf(node.args),
      };
    case "VAR_SET_CURRENT":
      throw unsupported("SET ... FROM CURRENT");
    default:
      return { kind: "set", local, name, value: (node.args ?? []).map(constantText).join(", ") };
  }
}

function lockOf(node: LockStmt): UtilityStatement {
  const tables = (node.relations ?? []).map((item) => tableName((item as { RangeVar: RangeVar }).RangeVar));
  return {
    kind: "lock",
    tables,
    mode: lockModes[(node.mode ?? 8) - 1] ?? "access exclusive",
    nowait: node.nowait === true,
  };
}

/** @returns Null when it is none of this kind. @throws SimError for what is not simulated. */
export function utilityOf(node: Node, source: Source): UtilityStatement | null {
  void source;
  const [kind, fields] = unwrap(node);
  const own = fields as Readonly<Record<string, unknown>>;
  switch (kind) {
    case "TransactionStmt":
      return transactionOf(fields);
    case "VariableSetStmt":
      return settingOf(fields);
    case "VariableShowStmt":
      return { kind: "show", name: own["name"] as string };
    case "ListenStmt":
      return { kind: "listen", channel: own["conditionname"] as string };
    case "UnlistenStmt":
      return { kind: "unlisten", channel: (own["conditionname"] as string | undefined) ?? "*" };
    case "NotifyStmt":
      return {
        kind: "notify",
        channel: own["conditionname"] as string,
        payload: (own["payload"] as string | undefined) ?? "",
      };
    case "LockStmt":
      return lockOf(fields);
    case "DiscardStmt": {
      const { target } = fields as DiscardStmt;
      return {
        kind: "discard",
        what: (target ?? "DISCARD_ALL").replace("DISCARD_", "").toLowerCase(),
      };
    }
    case "DeallocateStmt":
      return { kind: "deallocate", name: (own["name"] as string | undefined) ?? null };
    case "PrepareStmt":
    case "ExecuteStmt":
      throw unsupported("PREPARE and EXECUTE as SQL");
    default:
      return null;
  }
}
