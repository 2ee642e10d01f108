/**
 * Runs PL/pgSQL of the everyday size: assignments, IF, loops, RAISE, PERFORM, EXECUTE, SQL with INTO, EXCEPTION. The rest
 * is refused by name.
 */
import type { SimError } from "../../../errors.js";
import { DatabaseError } from "../database-error.js";
import { castTo } from "../execute/coerce.js";
import {
  unsupported,
  type Compiled,
  type EvaluationContext,
  type Outcome,
  type Run,
  type Scope,
} from "../execute/execution-context.js";
import { parseSql, type ParsedStatement } from "../sql/parse.js";
import { parsePlpgsqlTree } from "../sql/parser.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import type { Datum, Expression, FunctionTree, Statement, StatementFields } from "./tree.js";

/** What a block may ask of the session that it runs in. */
export interface BlockHost {
  /** Runs one statement in which the names of the scope stand for the values of the rows, by place. */
  run(statement: ParsedStatement, scope: Scope, rows: ReadonlyArray<readonly Value[]>): Run<Outcome>;
  notice(level: string, message: string): void;
  typeNamed(name: string): PgType;
  /** Runs a part that an error undoes. @returns The error, or null when there was none. */
  attempt(part: Run<Signal>): Run<{ readonly error: DatabaseError | null; readonly signal: Signal }>;
}

/** How a list of statements ended. */
type Signal =
  | { readonly kind: "next" | "return" }
  | { readonly kind: "exit" | "continue"; readonly label: string | undefined };

const goOn: Signal = { kind: "next" };

interface Variable {
  readonly name: string;
  type: PgType | null;
  value: Value;
  /** Of records: the fields of the row they hold. */
  fields: ReadonlyArray<{ readonly name: string; readonly type: PgType }> | null;
}

/** Statements after which a loop without an end is refused. */
const stepsMax = 10_000_000;

/** SQLSTATEs by the names of conditions that people catch. */
const conditions: Readonly<Record<string, string>> = {
  duplicate_object: "42710",
  duplicate_table: "42P07",
  duplicate_column: "42701",
  duplicate_schema: "42P06",
  duplicate_function: "42723",
  undefined_object: "42704",
  undefined_table: "42P01",
  undefined_column: "42703",
  undefined_function: "42883",
  unique_violation: "23505",
  foreign_key_violation: "23503",
  not_null_violation: "23502",
  check_violation: "23514",
  division_by_zero: "22012",
  invalid_text_representation: "22P02",
  no_data_found: "P0002",
  too_many_rows: "P0003",
  raise_exception: "P0001",
  lock_not_available: "55P03",
  serialization_failure: "40001",
  deadlock_detected: "40P01",
  invalid_parameter_value: "22023",
  object_in_use: "55006",
};

const levels: Readonly<Record<number, string>> = {
  14: "DEBUG",
  15: "LOG",
  17: "INFO",
  18: "NOTICE",
  19: "WARNING",
  21: "ERROR",
};

interface RaiseFields {
  errcode?: string;
  message?: string;
  detail?: string;
  hint?: string;
}

const raiseOptions = ["errcode", "message", "detail", "hint"] as const;

/** The parser gives the option by its name or by its number. */
function raiseOption(fields: RaiseFields, type: string | number, value: string): void {
  const kind = String(type).replace("PLPGSQL_RAISEOPTION_", "").toLowerCase();
  const name = raiseOptions.find((one, index) => one === kind || String(index) === kind);
  if (name === undefined) throw unsupported(`RAISE ... USING ${kind}`);
  fields[name] = value;
}

function only(statement: Statement): readonly [kind: string, fields: StatementFields] {
  const [entry] = Object.entries(statement);
  if (entry === undefined) throw new Error("an empty statement");
  return entry;
}

function kindOf(kind: string): SimError {
  return unsupported(`PL/pgSQL's ${kind.replace("PLpgSQL_stmt_", "").toUpperCase()}`);
}

/** @throws DatabaseError 42601 */
export function parseBlock(body: string): FunctionTree {
  const quote = body.includes("$do$") ? "$simulated$" : "$do$";
  const tree = parsePlpgsqlTree(`do ${quote}${body}${quote}`) as {
    readonly plpgsql_funcs: ReadonlyArray<{ readonly PLpgSQL_function: FunctionTree }>;
  };
  const [found] = tree.plpgsql_funcs;
  if (found === undefined) throw new DatabaseError("42601", "syntax error at end of input");
  return found.PLpgSQL_function;
}

/** Runs a DO block. @throws DatabaseError of the statement that failed; SimError for what is not simulated. */
export function* runBlock(tree: FunctionTree, host: BlockHost): Run<void> {
  yield* new Interpreter(tree, host).start();
}

class Interpreter {
  readonly tree: FunctionTree;
  readonly host: BlockHost;
  readonly variables: Array<Variable | null>;
  /** The error that is being handled: what a bare RAISE raises again. */
  handled: DatabaseError | null = null;
  steps = 0;

  constructor(tree: FunctionTree, host: BlockHost) {
    this.tree = tree;
    this.host = host;
    this.variables = tree.datums.map((datum) => this.declare(datum));
  }

  declare(datum: Datum): Variable | null {
    if ("PLpgSQL_rec" in datum)
      return { name: datum.PLpgSQL_rec.refname, type: null, value: null, fields: null };
    if (!("PLpgSQL_var" in datum)) return null;
    const { refname, datatype } = datum.PLpgSQL_var;
    const type = this.host.typeNamed(datatype.PLpgSQL_type.typname);
    return { name: refname, type, value: refname === "found" ? false : null, fields: null };
  }

  /** Names of variables, as one table; records as tables of their own. */
  scope(): { scope: Scope; rows: Value[][] } {
    const plain = this.variables.filter((one) => one !== null && one.type !== null) as Variable[];
    const records = this.variables.filter((one) => one?.fields != null) as Variable[];
    const tables = [
      {
        alias: "",
        place: 0,
        columns: plain.map(({ name, type }, index) => ({ name, type: type as PgType, index })),
      },
      ...records.map(({ name, fields }, at) => ({
        alias: name,
        place: at + 1,
        columns: (fields ?? []).map((field, index) => ({ ...field, index })),
      })),
    ];
    const visible = plain.map(({ name }) => ({
      name,
      expr: { type: "ref", table: { name: "" }, name } as const,
    }));
    const rows = [
      plain.map(({ value }) => value),
      ...records.map(({ value }) => [...((value as readonly Value[] | null) ?? [])]),
    ];
    return { scope: { tables, visible, outer: null }, rows };
  }

  *sql(text: string): Run<Outcome> {
    const [statement, ...more] = parseSql(text);
    if (statement === undefined || more.length > 0)
      throw new DatabaseError("42601", "syntax error at end of input");
    const { scope, rows } = this.scope();
    return yield* this.host.run(statement, scope, rows);
  }

  *evaluate({ PLpgSQL_expr: { query } }: Expression): Run<{ value: Value; type: PgType }> {
    const { columns, rows } = yield* this.sql(/^\s*select\b/i.test(query) ? query : `select ${query}`);
    const type = columns?.[0]?.type;
    if (type === undefined) throw new DatabaseError("42601", "query has no destination for result data");
    return { value: rows[0]?.[0] ?? null, type };
  }

  *isTrue(expression: Expression): Run<boolean> {
    return (yield* this.evaluate(expression)).value === true;
  }

  assign(index: number, value: Value, type: PgType): void {
    const variable = this.variables[index];
    if (variable === undefined || variable === null || variable.type === null)
      throw unsupported("assignments to records in PL/pgSQL");
    const source: Compiled = { type, constant: true, run: () => value };
    variable.value = value === null ? null : castTo(source, variable.type).run({} as EvaluationContext);
  }

  /** Puts the first row of a result into variables or a record. */
  into(target: Datum, { columns, rows }: Outcome): void {
    const [row] = rows;
    if ("PLpgSQL_row" in target) {
      for (const [index, { varno }] of target.PLpgSQL_row.fields.entries()) {
        const type = columns?.[index]?.type;
        if (type !== undefined) this.assign(varno, row?.[index] ?? null, type);
      }
      return;
    }
    if ("PLpgSQL_rec" in target) {
      const record = this.variables.find((one) => one?.name === target.PLpgSQL_rec.refname);
      if (record === undefined || record === null) throw new Error("no record");
      record.fields = (columns ?? []).map(({ name, type }) => ({ name, type }));
      record.value = row === undefined ? record.fields.map(() => null) : [...row];
      return;
    }
    if (!("PLpgSQL_var" in target)) throw unsupported("INTO a field of a record");
    const index = this.variables.findIndex((one) => one?.name === target.PLpgSQL_var.refname);
    const type = columns?.[0]?.type;
    if (type !== undefined) this.assign(index, row?.[0] ?? null, type);
  }

  found(isFound: boolean): void {
    const variable = this.variables.find((one) => one?.name === "found");
    if (variable !== undefined && variable !== null) variable.value = isFound;
  }

  *start(): Run<void> {
    for (const [index, datum] of this.tree.datums.entries()) {
      if (!("PLpgSQL_var" in datum) || datum.PLpgSQL_var.default_val === undefined) continue;
      const { value, type } = yield* this.evaluate(datum.PLpgSQL_var.default_val);
      this.assign(index, value, type);
    }
    yield* this.list([this.tree.action]);
  }

  *list(statements: readonly Statement[] | undefined): Run<Signal> {
    for (const statement of statements ?? []) {
      this.steps += 1;
      if (this.steps > stepsMax) throw unsupported(`PL/pgSQL of more than ${stepsMax} steps`);
      const signal = yield* this.one(statement);
      if (signal.kind !== "next") return signal;
    }
    return goOn;
  }

  *one(statement: Statement): Run<Signal> {
    const [kind, fields] = only(statement);
    switch (kind) {
      case "PLpgSQL_stmt_block":
        return fields.exceptions === undefined ? yield* this.list(fields.body) : yield* this.guarded(fields);
      case "PLpgSQL_stmt_if":
        return yield* this.branch(fields);
      case "PLpgSQL_stmt_assign": {
        const query = fields.expr?.PLpgSQL_expr.query ?? "";
        const value = query.replace(/^\s*(?:"[^"]*"|[\w.]+)\s*:?=\s*/, "");
        const found = yield* this.evaluate({ PLpgSQL_expr: { query: value } });
        this.assign(fields.varno ?? 0, found.value, found.type);
        return goOn;
      }
      case "PLpgSQL_stmt_execsql":
      case "PLpgSQL_stmt_dynexecute":
        yield* this.statement(fields);
        return goOn;
      case "PLpgSQL_stmt_perform": {
        const { rows } = yield* this.sql(fields.expr?.PLpgSQL_expr.query ?? "select null");
        this.found(rows.length > 0);
        return goOn;
      }
      case "PLpgSQL_stmt_raise":
        yield* this.raise(fields);
        return goOn;
      case "PLpgSQL_stmt_loop":
      case "PLpgSQL_stmt_while":
      case "PLpgSQL_stmt_fori":
      case "PLpgSQL_stmt_fors":
      case "PLpgSQL_stmt_dynfors":
        return yield* this.loop(kind, fields);
      case "PLpgSQL_stmt_exit":
        if (fields.cond !== undefined && !(yield* this.isTrue(fields.cond))) return goOn;
        return { kind: fields.is_exit === true ? "exit" : "continue", label: fields.label };
      case "PLpgSQL_stmt_return":
        return { kind: "return" };
      default:
        throw kindOf(kind);
    }
  }

  *branch(fields: StatementFields): Run<Signal> {
    if (fields.cond !== undefined && (yield* this.isTrue(fields.cond)))
      return yield* this.list(fields.then_body);
    for (const { PLpgSQL_if_elsif: part } of fields.elsif_list ?? []) {
      if (yield* this.isTrue(part.cond)) return yield* this.list(part.stmts);
    }
    return yield* this.list(fields.else_body);
  }

  *statement(fields: StatementFields): Run<void> {
    let text = fields.sqlstmt?.PLpgSQL_expr.query;
    if (text === undefined && fields.query !== undefined) {
      if ((fields.params ?? []).length > 0) throw unsupported("EXECUTE ... USING in PL/pgSQL");
      const { value } = yield* this.evaluate(fields.query);
      if (value === null) throw new DatabaseError("22004", "query string argument of EXECUTE is null");
      text = value as string;
    }
    const outcome = yield* this.sql(text ?? "");
    if (fields.sqlstmt !== undefined) this.found((outcome.rowCount ?? 0) > 0);
    if (fields.into !== true) {
      if (fields.sqlstmt !== undefined && outcome.columns !== null && outcome.tag.startsWith("SELECT")) {
        throw new DatabaseError("42601", "query has no destination for result data", {
          hint: "If you want to discard the results of a SELECT, use PERFORM instead.",
        });
      }
      return;
    }
    if (fields.strict === true && outcome.rows.length !== 1) {
      if (outcome.rows.length === 0) throw new DatabaseError("P0002", "query returned no rows");
      throw new DatabaseError("P0003", "query returned more than one row", {
        hint: "Make sure the query returns a single row, or use LIMIT 1.",
      });
    }
    if (fields.target !== undefined) this.into(fields.target, outcome);
  }

  *raise(fields: StatementFields): Run<void> {
    const level = levels[fields.elog_level ?? 21] ?? "ERROR";
    if (
      fields.message === undefined &&
      fields.condname === undefined &&
      (fields.options ?? []).length === 0
    ) {
      throw (
        this.handled ??
        new DatabaseError("0Z002", "RAISE without parameters cannot be used outside an exception handler")
      );
    }
    const values: string[] = [];
    for (const parameter of fields.params ?? []) {
      const { value, type } = yield* this.evaluate(parameter);
      values.push(value === null ? "<NULL>" : type.print(value));
    }
    let message = (fields.message ?? fields.condname ?? "").replaceAll(/%%|%/g, (mark) =>
      mark === "%%" ? "%" : (values.shift() ?? ""),
    );
    let code = conditions[fields.condname ?? ""] ?? "P0001";
    const more: RaiseFields = {};
    for (const { PLpgSQL_raise_option: option } of fields.options ?? []) {
      const { value } = yield* this.evaluate(option.expr);
      raiseOption(more, option.opt_type, value as string);
    }
    if (more.errcode !== undefined) code = conditions[more.errcode] ?? more.errcode;
    message = more.message ?? message;
    if (level === "ERROR") {
      const { detail, hint } = more;
      throw new DatabaseError(code, message, {
        ...(detail === undefined ? {} : { detail }),
        ...(hint === undefined ? {} : { hint }),
      });
    }
    this.host.notice(level, message);
  }

  /** @returns What a loop makes of the end of one round: null to go on. */
  afterRound(signal: Signal, label: string | undefined): Signal | null {
    if (!("label" in signal)) return signal.kind === "next" ? null : signal;
    const isOwn = signal.label === undefined || signal.label === label;
    if (!isOwn) return signal;
    return signal.kind === "exit" ? goOn : null;
  }

  *loop(kind: string, fields: StatementFields): Run<Signal> {
    const rounds =
      kind === "PLpgSQL_stmt_fori"
        ? this.counting(fields)
        : kind === "PLpgSQL_stmt_loop" || kind === "PLpgSQL_stmt_while"
          ? this.while(fields)
          : this.overRows(fields);
    for (;;) {
      const round = yield* rounds.next();
      if (!round) return goOn;
      this.steps += 1;
      if (this.steps > stepsMax) throw unsupported(`PL/pgSQL of more than ${stepsMax} steps`);
      const end = this.afterRound(yield* this.list(fields.body), fields.label);
      if (end !== null) return end;
    }
  }

  while(fields: StatementFields): { next(): Run<boolean> } {
    return {
      next: function* (this: Interpreter): Run<boolean> {
        return fields.cond === undefined || (yield* this.isTrue(fields.cond));
      }.bind(this),
    };
  }

  counting(fields: StatementFields): { next(): Run<boolean> } {
    let at: number | null = null;
    let to = 0;
    let step = 1;
    return {
      next: function* (this: Interpreter): Run<boolean> {
        if (
          fields.lower === undefined ||
          fields.upper === undefined ||
          fields.var === undefined ||
          !("PLpgSQL_var" in fields.var)
        )
          throw kindOf("fori");
        const isBack = fields.reverse === true || fields.reverse === 1;
        const { refname } = fields.var.PLpgSQL_var;
        const variable = this.variables.findLast((one) => one?.name === refname);
        if (at === null) {
          at = Number((yield* this.evaluate(fields.lower)).value);
          to = Number((yield* this.evaluate(fields.upper)).value);
          step = fields.step === undefined ? 1 : Number((yield* this.evaluate(fields.step)).value);
          if (step <= 0) throw new DatabaseError("22023", "BY value of FOR loop must be greater than zero");
        } else at += isBack ? -step : step;
        if (variable !== undefined && variable !== null) variable.value = at;
        return isBack ? at >= to : at <= to;
      }.bind(this),
    };
  }

  overRows(fields: StatementFields): { next(): Run<boolean> } {
    let outcome: Outcome | null = null;
    let at = 0;
    return {
      next: function* (this: Interpreter): Run<boolean> {
        if (fields.var === undefined || fields.query === undefined) throw kindOf("fors");
        if (outcome === null) {
          const { query } = fields.query.PLpgSQL_expr;
          const isText = !/^\s*(?:select|with|values|insert|update|delete|\()/i.test(query);
          const text = isText ? ((yield* this.evaluate(fields.query)).value as string) : query;
          outcome = yield* this.sql(text);
          this.found(outcome.rows.length > 0);
        }
        const row = outcome.rows[at];
        at += 1;
        if (row === undefined) return false;
        this.into(fields.var, { ...outcome, rows: [row] });
        return true;
      }.bind(this),
    };
  }

  *guarded(fields: StatementFields): Run<Signal> {
    const { error, signal } = yield* this.host.attempt(this.list(fields.body));
    if (error === null) return signal;
    for (const { PLpgSQL_exception: handler } of fields.exceptions?.PLpgSQL_exception_block.exc_list ?? []) {
      const isCaught = handler.conditions.some(({ PLpgSQL_condition: { condname } }) => {
        if (condname === "others") return !["57014", "P0004"].includes(error.code);
        const code = conditions[condname] ?? condname;
        return code === error.code || (code.endsWith("000") && code.slice(0, 2) === error.code.slice(0, 2));
      });
      if (!isCaught) continue;
      const outer = this.handled;
      this.handled = error;
      for (const variable of this.variables) {
        if (variable?.name === "sqlstate") variable.value = error.code;
        if (variable?.name === "sqlerrm") variable.value = error.message;
      }
      const end = yield* this.list(handler.action);
      this.handled = outer;
      return end;
    }
    throw error;
  }
}
