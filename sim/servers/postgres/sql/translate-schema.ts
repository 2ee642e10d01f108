/** Schema changes of PostgreSQL's parser as trees of ours. */
import type {
  A_Const,
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  CommentStmt,
  Constraint,
  CreateDomainStmt,
  CreateFunctionStmt,
  CreateStmt,
  CreateTableAsStmt,
  CreateTrigStmt,
  DropStmt,
  FunctionParameter,
  IndexElem,
  IndexStmt,
  Node,
  ObjectWithArgs,
  RangeVar,
  RenameStmt,
  TruncateStmt,
  TypeName as RawTypeName,
  ViewStmt,
} from "@pgsql/types";

import { unsupported } from "../execute/execution-context.js";
import type { Expr, QualifiedName, Query, TypeName } from "./ast.js";
import type {
  AlterTableAction,
  ColumnClause,
  ConstraintClause,
  CreateFunction,
  CreateIndex,
  CreateTable,
  CreateTrigger,
  Drop,
  DropKind,
  ReferentialAction,
  RenameKind,
  SchemaStatement,
  SequenceOptions,
} from "./schema-ast.js";
import { nameOf, newerSyntax, textOf, translateType, unwrap, type Source } from "./translate-expression.js";
import { createTranslator, expressionOf, tableName } from "./translate-query.js";

type Option = { readonly defname?: string; readonly arg?: Node };

/** Texts in stored expressions say nothing about the statement that runs them later. */
function withoutPlaces<T>(tree: T): T {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === "at" ? undefined : value))) as T;
}

function stored(node: Node | undefined, source: Source): Expr {
  if (node === undefined) throw new Error("an expression is missing");
  return withoutPlaces(expressionOf(node, source));
}

function storedQuery(node: Node | undefined, source: Source): Query {
  return withoutPlaces(createTranslator(source).query(node as Node));
}

function texts(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map(textOf);
}

function numberOf(node: Node | undefined): bigint | undefined {
  if (node === undefined) return undefined;
  const [kind, fields] = unwrap(node);
  const value = fields as { ival?: number; fval?: string };
  if (kind === "Float") return BigInt(value.fval ?? "0");
  if (kind === "A_Const") {
    const constant = fields as A_Const;
    return BigInt(constant.fval?.fval ?? constant.ival?.ival ?? 0);
  }
  return BigInt(value.ival ?? 0);
}

function isTrue(node: Node | undefined): boolean {
  return (node as { Boolean?: { boolval?: boolean } } | undefined)?.Boolean?.boolval === true;
}

function sequenceOptions(options: readonly Node[] | undefined, source: Source): SequenceOptions {
  const found: { -readonly [K in keyof SequenceOptions]: SequenceOptions[K] } = {};
  for (const option of options ?? []) {
    const { defname, arg } = (option as { DefElem: Option }).DefElem;
    const value = (): bigint => numberOf(arg) ?? 0n;
    if (defname === "as") found.type = translateType((arg as { TypeName: RawTypeName }).TypeName, source);
    else if (defname === "start") found.start = value();
    else if (defname === "restart") found.restart = numberOf(arg) ?? true;
    else if (defname === "increment") found.increment = value();
    else if (defname === "minvalue") found.min = numberOf(arg) ?? null;
    else if (defname === "maxvalue") found.max = numberOf(arg) ?? null;
    else if (defname === "cycle") found.cycle = isTrue(arg);
    else if (defname === "owned_by") {
      const parts = texts((arg as { List: { items?: Node[] } }).List.items);
      const [column = "", table = "", schema] = parts.toReversed();
      found.ownedBy =
        parts.length < 2
          ? null
          : { table: schema === undefined ? { name: table } : { schema, name: table }, column };
    } else if (defname === "sequence_name")
      found.name = texts((arg as { List: { items?: Node[] } }).List.items).at(-1) ?? "";
  }
  return found;
}

const actions: Readonly<Record<string, ReferentialAction>> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
};

function constraintOf(node: Constraint, source: Source, column: string | null): ConstraintClause | null {
  const named = node.conname === undefined ? {} : { name: node.conname };
  const own = column === null ? [] : [column];
  const notValid = node.skip_validation === true;
  switch (node.contype) {
    case "CONSTR_NOTNULL":
      if (column === null) throw newerSyntax(source, node.location);
      return { ...named, kind: "not null" };
    case "CONSTR_NULL":
      return { ...named, kind: "null" };
    case "CONSTR_DEFAULT":
      return { ...named, kind: "default", value: stored(node.raw_expr, source) };
    case "CONSTR_IDENTITY":
      return {
        ...named,
        kind: "identity",
        when: node.generated_when === "a" ? "always" : "by default",
        options: sequenceOptions(node.options, source),
      };
    case "CONSTR_GENERATED":
      // Virtual columns came with PostgreSQL 18, and STORED had to be said before.
      if (node.generated_kind === "v") throw newerSyntax(source, node.location);
      return { ...named, kind: "generated", value: stored(node.raw_expr, source) };
    case "CONSTR_CHECK":
      return { ...named, kind: "check", value: stored(node.raw_expr, source), notValid };
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
      if (node.nulls_not_distinct === true) throw unsupported("NULLS NOT DISTINCT");
      if (node.without_overlaps === true) throw newerSyntax(source, node.location);
      if (node.deferrable === true) throw unsupported("deferrable unique constraints");
      return {
        ...named,
        kind: node.contype === "CONSTR_PRIMARY" ? "primary key" : "unique",
        columns: node.keys === undefined ? own : texts(node.keys),
        include: texts(node.including),
        ...(node.indexname === undefined ? {} : { usingIndex: node.indexname }),
      };
    case "CONSTR_FOREIGN":
      if (node.fk_matchtype === "f" || node.fk_matchtype === "p")
        throw unsupported(node.fk_matchtype === "f" ? "MATCH FULL" : "MATCH PARTIAL");
      if ((node.fk_del_set_cols ?? []).length > 0) throw unsupported("ON DELETE SET NULL (columns)");
      return {
        ...named,
        kind: "foreign key",
        columns: node.fk_attrs === undefined ? own : texts(node.fk_attrs),
        parent: tableName(node.pktable),
        parentColumns: texts(node.pk_attrs),
        onDelete: actions[node.fk_del_action ?? "a"] ?? "no action",
        onUpdate: actions[node.fk_upd_action ?? "a"] ?? "no action",
        deferrable: node.deferrable === true,
        initiallyDeferred: node.initdeferred === true,
        notValid,
      };
    case "CONSTR_EXCLUSION":
      throw unsupported("EXCLUDE constraints");
    case "CONSTR_ATTR_DEFERRABLE":
    case "CONSTR_ATTR_DEFERRED":
    case "CONSTR_ATTR_NOT_DEFERRABLE":
    case "CONSTR_ATTR_IMMEDIATE":
      return null;
    default:
      throw unsupported(`the constraint ${String(node.contype)}`);
  }
}

/** The parser gives `DEFERRABLE` of a column as constraints of their own behind the one they are about. */
function constraintsOf(
  nodes: readonly Node[] | undefined,
  source: Source,
  column: string,
): ConstraintClause[] {
  const found: ConstraintClause[] = [];
  for (const node of nodes ?? []) {
    const { Constraint: constraint } = node as { Constraint: Constraint };
    const clause = constraintOf(constraint, source, column);
    if (clause !== null) found.push(clause);
    const last = found.at(-1);
    if (clause !== null || last?.kind !== "foreign key") continue;
    const isDeferred = constraint.contype === "CONSTR_ATTR_DEFERRED";
    if (isDeferred || constraint.contype === "CONSTR_ATTR_DEFERRABLE") {
      found[found.length - 1] = {
        ...last,
        deferrable: true,
        initiallyDeferred: isDeferred || last.initiallyDeferred,
      };
    }
  }
  return found;
}

function columnOf(node: ColumnDef, source: Source): ColumnClause {
  const collation = node.collClause?.collname;
  return {
    name: node.colname ?? "",
    type: translateType(node.typeName, source),
    ...(collation === undefined ? {} : { collation: nameOf(collation).name }),
    constraints: constraintsOf(node.constraints, source, node.colname ?? ""),
  };
}

// Bits of TableLikeClause.options.
const likeOptions = [
  "comments",
  "compression",
  "constraints",
  "defaults",
  "generated",
  "identity",
  "indexes",
  "statistics",
  "storage",
];

function createTableOf(node: CreateStmt, source: Source): CreateTable {
  if (node.partspec !== undefined || node.partbound !== undefined) throw unsupported("partitioned tables");
  if ((node.inhRelations ?? []).length > 0) throw unsupported("inherited tables");
  if (node.ofTypename !== undefined) throw unsupported("CREATE TABLE OF");
  const elements = (node.tableElts ?? []).map((item): CreateTable["elements"][number] => {
    const [kind, fields] = unwrap(item);
    if (kind === "ColumnDef") return { kind: "column", column: columnOf(fields, source) };
    if (kind === "TableLikeClause") {
      const like = fields as { relation?: RangeVar; options?: number };
      return {
        kind: "like",
        table: tableName(like.relation),
        including: likeOptions.filter((_, bit) => ((like.options ?? 0) & (1 << bit)) !== 0),
      };
    }
    const constraint = constraintOf(fields, source, null);
    if (constraint === null) throw unsupported(`${kind} in CREATE TABLE`);
    return { kind: "constraint", constraint };
  });
  const onCommit =
    node.oncommit === "ONCOMMIT_DROP"
      ? "drop"
      : node.oncommit === "ONCOMMIT_DELETE_ROWS"
        ? "delete rows"
        : "preserve rows";
  return {
    type: "create table",
    name: tableName(node.relation),
    temporary: node.relation?.relpersistence === "t",
    onCommit,
    ifNotExists: node.if_not_exists === true,
    elements,
  };
}

function createIndexOf(node: IndexStmt, source: Source): CreateIndex {
  if (node.nulls_not_distinct === true) throw unsupported("NULLS NOT DISTINCT");
  const keys = (node.indexParams ?? []).map((item) => {
    const { IndexElem: element } = item as { IndexElem: IndexElem };
    const collation = element.collation === undefined ? "C" : nameOf(element.collation).name;
    if (!["C", "POSIX", "default"].includes(collation)) throw unsupported(`the collation ${collation}`);
    const nulls =
      element.nulls_ordering === "SORTBY_NULLS_FIRST"
        ? ("first" as const)
        : element.nulls_ordering === "SORTBY_NULLS_LAST"
          ? ("last" as const)
          : null;
    return {
      expr:
        element.expr === undefined
          ? ({ type: "ref", name: element.name ?? "" } as const)
          : stored(element.expr, source),
      descending: element.ordering === "SORTBY_DESC",
      nulls,
    };
  });
  return {
    type: "create index",
    name: node.idxname ?? null,
    table: tableName(node.relation),
    method: node.accessMethod ?? "btree",
    unique: node.unique === true,
    ifNotExists: node.if_not_exists === true,
    concurrently: node.concurrent === true,
    keys,
    include: (node.indexIncludingParams ?? []).map(
      (item) => (item as { IndexElem: IndexElem }).IndexElem.name ?? "",
    ),
    where: node.whereClause === undefined ? null : stored(node.whereClause, source),
  };
}

// ALTER TABLE.

const ignored = new Set([
  "AT_ChangeOwner",
  "AT_SetStatistics",
  "AT_SetStorage",
  "AT_SetCompression",
  "AT_SetRelOptions",
  "AT_ResetRelOptions",
  "AT_ReplaceRelOptions",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_SetLogged",
  "AT_SetUnLogged",
  "AT_SetTableSpace",
  "AT_ReplicaIdentity",
]);

function actionOf(node: AlterTableCmd, source: Source): AlterTableAction {
  const name = node.name ?? "";
  const cascade = node.behavior === "DROP_CASCADE";
  const ifExists = node.missing_ok === true;
  const column = (): ColumnDef => (node.def as { ColumnDef: ColumnDef }).ColumnDef;
  switch (node.subtype) {
    case "AT_AddColumn":
      return { kind: "add column", column: columnOf(column(), source), ifNotExists: ifExists };
    case "AT_DropColumn":
      return { kind: "drop column", name, ifExists, cascade };
    case "AT_ColumnDefault":
      return {
        kind: "set default",
        column: name,
        value: node.def === undefined ? null : stored(node.def, source),
      };
    case "AT_SetNotNull":
      return { kind: "set not null", column: name };
    case "AT_DropNotNull":
      return { kind: "drop not null", column: name };
    case "AT_AlterColumnType":
      return {
        kind: "set type",
        column: name,
        type: translateType(column().typeName, source),
        using: column().raw_default === undefined ? null : stored(column().raw_default, source),
      };
    case "AT_AddIdentity": {
      const constraint = constraintOf((node.def as { Constraint: Constraint }).Constraint, source, name);
      if (constraint?.kind !== "identity") throw unsupported("this identity");
      return { kind: "add identity", column: name, when: constraint.when, options: constraint.options };
    }
    case "AT_DropIdentity":
      return { kind: "drop identity", column: name, ifExists };
    case "AT_AddConstraint": {
      const constraint = constraintOf((node.def as { Constraint: Constraint }).Constraint, source, null);
      if (constraint === null) throw unsupported("this constraint");
      return { kind: "add constraint", constraint };
    }
    case "AT_DropConstraint":
      return { kind: "drop constraint", name, ifExists, cascade };
    case "AT_ValidateConstraint":
      return { kind: "validate constraint", name };
    case "AT_EnableTrig":
    case "AT_DisableTrig":
      return { kind: "triggers", name, enabled: node.subtype === "AT_EnableTrig" };
    case "AT_EnableTrigAll":
    case "AT_EnableTrigUser":
      return { kind: "triggers", name: null, enabled: true };
    case "AT_DisableTrigAll":
    case "AT_DisableTrigUser":
      return { kind: "triggers", name: null, enabled: false };
    // The only user is a superuser, whom row-level security lets pass.
    case "AT_EnableRowSecurity":
    case "AT_DisableRowSecurity":
    case "AT_ForceRowSecurity":
    case "AT_NoForceRowSecurity":
      return { kind: "nothing" };
    case "AT_AttachPartition":
    case "AT_DetachPartition":
      throw unsupported("partitioned tables");
    default:
      if (ignored.has(String(node.subtype))) return { kind: "nothing" };
      throw unsupported(
        `ALTER TABLE ... ${String(node.subtype)
          .replace("AT_", "")
          .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
          .toUpperCase()}`,
      );
  }
}

const alteredKinds = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "view",
  OBJECT_INDEX: "index",
  OBJECT_SEQUENCE: "sequence",
} as const;

function alterTableOf(node: AlterTableStmt, source: Source): SchemaStatement {
  const kind = alteredKinds[node.objtype as keyof typeof alteredKinds];
  if (kind === undefined) throw unsupported(`ALTER of ${String(node.objtype)}`);
  return {
    type: "alter table",
    kind,
    name: tableName(node.relation),
    ifExists: node.missing_ok === true,
    actions: (node.cmds ?? []).map((item) =>
      actionOf((item as { AlterTableCmd: AlterTableCmd }).AlterTableCmd, source),
    ),
  };
}

// DROP, RENAME, COMMENT.

const dropKinds: Readonly<Record<string, DropKind>> = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "view",
  OBJECT_MATVIEW: "materialized view",
  OBJECT_INDEX: "index",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "domain",
  OBJECT_SCHEMA: "schema",
  OBJECT_FUNCTION: "function",
  OBJECT_PROCEDURE: "procedure",
  OBJECT_ROUTINE: "function",
  OBJECT_TRIGGER: "trigger",
  OBJECT_EXTENSION: "extension",
};

function dropOf(node: DropStmt, source: Source): Drop {
  const kind = dropKinds[node.removeType ?? ""];
  if (kind === undefined)
    throw unsupported(`DROP ${String(node.removeType).replace("OBJECT_", "").replaceAll("_", " ")}`);
  const shared = {
    type: "drop",
    kind,
    ifExists: node.missing_ok === true,
    cascade: node.behavior === "DROP_CASCADE",
  } as const;
  if (kind === "trigger") {
    const [object] = node.objects ?? [];
    const parts = (object as { List?: { items?: Node[] } } | undefined)?.List?.items ?? [];
    return {
      ...shared,
      names: [{ name: textOf(parts.at(-1)) }],
      argumentTypes: [null],
      table: nameOf(parts.slice(0, -1)),
    };
  }
  const names: QualifiedName[] = [];
  const argumentTypes: Array<readonly TypeName[] | null> = [];
  for (const object of node.objects ?? []) {
    const [wrapper, fields] = unwrap(object);
    const own = fields as { items?: Node[]; names?: Node[] };
    names.push(
      wrapper === "String"
        ? { name: textOf(object) }
        : nameOf(own.items ?? own.names ?? (fields as ObjectWithArgs).objname),
    );
    const call = fields as ObjectWithArgs;
    argumentTypes.push(
      wrapper !== "ObjectWithArgs" || call.args_unspecified === true
        ? null
        : (call.objargs ?? []).map((item) =>
            translateType((item as { TypeName: RawTypeName }).TypeName, source),
          ),
    );
  }
  return { ...shared, names, argumentTypes };
}

const renameKinds: Readonly<Record<string, RenameKind>> = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "view",
  OBJECT_INDEX: "index",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_COLUMN: "column",
  OBJECT_TABCONSTRAINT: "constraint",
  OBJECT_SCHEMA: "schema",
  OBJECT_TYPE: "type",
  OBJECT_FUNCTION: "function",
  OBJECT_TRIGGER: "trigger",
};

function renameOf(node: RenameStmt): SchemaStatement {
  const kind = renameKinds[node.renameType ?? ""];
  if (kind === undefined)
    throw unsupported(`ALTER ${String(node.renameType).replace("OBJECT_", "").replaceAll("_", " ")} RENAME`);
  const object = (): QualifiedName => {
    if (node.object === undefined) return { name: node.subname ?? "" };
    const [, fields] = unwrap(node.object);
    return nameOf(
      (fields as { items?: Node[]; objname?: Node[] }).items ?? (fields as { objname?: Node[] }).objname,
    );
  };
  return {
    type: "rename",
    kind,
    name: node.relation === undefined ? object() : tableName(node.relation),
    part: ["column", "constraint", "trigger"].includes(kind) ? (node.subname ?? "") : null,
    to: node.newname ?? "",
    ifExists: node.missing_ok === true,
  };
}

function commentOf(node: CommentStmt): SchemaStatement {
  const kind = String(node.objtype)
    .replace("OBJECT_", "")
    .replace("TABCONSTRAINT", "CONSTRAINT")
    .toLowerCase();
  const [wrapper, fields] = unwrap(node.object as Node);
  const own = fields as { items?: Node[]; objname?: Node[]; names?: Node[] };
  const parts = wrapper === "String" ? [node.object as Node] : (own.items ?? own.objname ?? own.names ?? []);
  const hasPart = ["column", "constraint", "trigger"].includes(kind);
  return {
    type: "comment",
    kind,
    name: nameOf(hasPart ? parts.slice(0, -1) : parts),
    part: hasPart ? textOf(parts.at(-1)) : null,
    text: node.comment ?? null,
  };
}

// Functions and triggers.

const parameterModes = {
  FUNC_PARAM_OUT: "out",
  FUNC_PARAM_INOUT: "inout",
  FUNC_PARAM_TABLE: "table",
  FUNC_PARAM_VARIADIC: "variadic",
} as const;

function createFunctionOf(node: CreateFunctionStmt, source: Source, text: string): CreateFunction {
  if (node.sql_body !== undefined) throw unsupported("SQL bodies of functions that are not strings");
  const options = new Map(
    (node.options ?? []).map((item) => {
      const { DefElem: option } = item as { DefElem: Option };
      return [option.defname ?? "", option.arg] as const;
    }),
  );
  const body = options.get("as") as { List?: { items?: Node[] } } | undefined;
  const volatility = textOf(options.get("volatility"));
  const { returnType } = node;
  return {
    type: "create function",
    name: nameOf(node.funcname),
    replace: node.replace === true,
    procedure: node.is_procedure === true,
    parameters: (node.parameters ?? []).map((item) => {
      const { FunctionParameter: parameter } = item as { FunctionParameter: FunctionParameter };
      return {
        name: parameter.name ?? null,
        type: translateType(parameter.argType, source),
        mode: parameterModes[parameter.mode as keyof typeof parameterModes] ?? "in",
        default: parameter.defexpr === undefined ? null : stored(parameter.defexpr, source),
      };
    }),
    returns: returnType === undefined ? null : translateType({ ...returnType, setof: false }, source),
    returnsSet: returnType?.setof === true,
    language: textOf(options.get("language")) || "sql",
    body: textOf(body?.List?.items?.[0]),
    volatility: volatility === "immutable" || volatility === "stable" ? volatility : "volatile",
    strict: isTrue(options.get("strict")),
    text,
  };
}

function createTriggerOf(node: CreateTrigStmt, source: Source): CreateTrigger {
  if (node.isconstraint === true) throw unsupported("constraint triggers");
  if ((node.transitionRels ?? []).length > 0) throw unsupported("transition tables of triggers");
  const events = node.events ?? 0;
  const named = [
    ["insert", 4],
    ["delete", 8],
    ["update", 16],
    ["truncate", 32],
  ] as const;
  const timing = node.timing ?? 0;
  return {
    type: "create trigger",
    name: node.trigname ?? "",
    table: tableName(node.relation),
    replace: node.replace === true,
    timing: (timing & 2) !== 0 ? "before" : (timing & 64) !== 0 ? "instead of" : "after",
    events: named.filter(([, bit]) => (events & bit) !== 0).map(([name]) => name),
    columns: texts(node.columns),
    forEach: node.row === true ? "row" : "statement",
    when: node.whenClause === undefined ? null : stored(node.whenClause, source),
    function: nameOf(node.funcname),
    args: texts(node.args),
  };
}

const nothings: Readonly<Record<string, string>> = {
  AlterOwnerStmt: "ALTER",
  AlterDefaultPrivilegesStmt: "ALTER DEFAULT PRIVILEGES",
  GrantStmt: "GRANT",
  GrantRoleStmt: "GRANT ROLE",
};

/** @returns Null when it is none of this kind. @throws SimError for what is not simulated. */
export function translateSchema(node: Node, source: Source): SchemaStatement | null {
  const [kind, fields] = unwrap(node);
  const own = fields as Readonly<Record<string, unknown>>;
  const ifNotExists = own["if_not_exists"] === true;
  switch (kind) {
    case "CreateStmt":
      return createTableOf(fields, source);
    case "CreateTableAsStmt": {
      const statement = fields as CreateTableAsStmt;
      if (statement.objtype === "OBJECT_MATVIEW") throw unsupported("materialized views");
      const { into } = statement;
      return {
        type: "create table as",
        name: tableName(into?.rel),
        temporary: into?.rel?.relpersistence === "t",
        ifNotExists,
        columns: into?.colNames === undefined ? null : texts(into.colNames),
        query: createTranslator(source).query(statement.query as Node),
        withData: into?.skipData !== true,
      };
    }
    case "IndexStmt":
      return createIndexOf(fields, source);
    case "AlterTableStmt":
      return alterTableOf(fields, source);
    case "ViewStmt": {
      const view = fields as ViewStmt;
      return {
        type: "create view",
        name: tableName(view.view),
        replace: view.replace === true,
        temporary: view.view?.relpersistence === "t",
        columns: view.aliases === undefined ? null : texts(view.aliases),
        query: storedQuery(view.query, source),
        text: /\bas\b\s*(.*)$/is.exec(source.text)?.[1]?.replace(/;\s*$/, "") ?? "",
      };
    }
    case "DropStmt":
      return dropOf(fields, source);
    case "RenameStmt":
      return renameOf(fields);
    case "CommentStmt":
      return commentOf(fields);
    case "TruncateStmt": {
      const truncate = fields as TruncateStmt;
      return {
        type: "truncate",
        tables: (truncate.relations ?? []).map((item) =>
          tableName((item as { RangeVar: RangeVar }).RangeVar),
        ),
        restart: truncate.restart_seqs === true,
        cascade: truncate.behavior === "DROP_CASCADE",
      };
    }
    case "CreateSchemaStmt":
      if (((own["schemaElts"] as Node[] | undefined) ?? []).length > 0)
        throw unsupported("elements of CREATE SCHEMA");
      return { type: "create schema", name: (own["schemaname"] as string | undefined) ?? "", ifNotExists };
    case "CreateEnumStmt":
      return {
        type: "create enum",
        name: nameOf(own["typeName"] as Node[]),
        labels: texts(own["vals"] as Node[]),
      };
    case "AlterEnumStmt": {
      const neighbour = own["newValNeighbor"] as string | undefined;
      return {
        type: "alter enum",
        name: nameOf(own["typeName"] as Node[]),
        label: (own["newVal"] as string | undefined) ?? "",
        ifNotExists: own["skipIfNewValExists"] === true,
        neighbour:
          neighbour === undefined ? null : { label: neighbour, before: own["newValIsAfter"] !== true },
        ...(own["oldVal"] === undefined ? {} : { from: own["oldVal"] as string }),
      };
    }
    case "CreateDomainStmt": {
      const domain = fields as CreateDomainStmt;
      return {
        type: "create domain",
        name: nameOf(domain.domainname),
        base: translateType(domain.typeName, source),
        constraints: constraintsOf(domain.constraints, source, "value"),
      };
    }
    case "CreateSeqStmt":
      return {
        type: "create sequence",
        name: tableName(own["sequence"] as RangeVar),
        temporary: (own["sequence"] as RangeVar).relpersistence === "t",
        ifNotExists,
        options: sequenceOptions(own["options"] as Node[], source),
      };
    case "AlterSeqStmt":
      return {
        type: "alter sequence",
        name: tableName(own["sequence"] as RangeVar),
        ifExists: own["missing_ok"] === true,
        options: sequenceOptions(own["options"] as Node[], source),
      };
    case "AlterObjectSchemaStmt": {
      const { relation, object } = fields as { relation?: RangeVar; object?: Node };
      const parts =
        object === undefined
          ? []
          : ((unwrap(object)[1] as { items?: Node[]; objname?: Node[] }).items ??
            (unwrap(object)[1] as { objname?: Node[] }).objname ??
            []);
      return {
        type: "set schema",
        kind: String(own["objectType"]).replace("OBJECT_", "").toLowerCase(),
        name: relation === undefined ? nameOf(parts) : tableName(relation),
        schema: (own["newschema"] as string | undefined) ?? "",
        ifExists: own["missing_ok"] === true,
      };
    }
    default:
      return translateRare(kind, node, source);
  }
}

/** What is seldom seen, and what is taken and forgotten. */
function translateRare(kind: string, node: Node, source: Source): SchemaStatement | null {
  const [, fields] = unwrap(node);
  const own = fields as Readonly<Record<string, unknown>>;
  const ifNotExists = own["if_not_exists"] === true;
  switch (kind) {
    case "CreateExtensionStmt":
      return { type: "create extension", name: (own["extname"] as string | undefined) ?? "", ifNotExists };
    case "CreateFunctionStmt":
      return createFunctionOf(fields, source, source.text);
    case "DoStmt": {
      const args = new Map(
        ((own["args"] as Node[] | undefined) ?? []).map((item) => {
          const { DefElem: option } = item as { DefElem: Option };
          return [option.defname ?? "", textOf(option.arg)] as const;
        }),
      );
      return { type: "do", body: args.get("as") ?? "", language: args.get("language") ?? "plpgsql" };
    }
    case "CreateTrigStmt":
      return createTriggerOf(fields, source);
    case "CompositeTypeStmt":
      throw unsupported("composite types");
    case "CreateRangeStmt":
      throw unsupported("range types");
    default: {
      const tag = nothings[kind];
      return tag === undefined ? null : { type: "nothing", tag };
    }
  }
}
