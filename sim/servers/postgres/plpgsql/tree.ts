/** PL/pgSQL as PostgreSQL's parser gives it: the parts that are run. */

export interface Expression {
  readonly PLpgSQL_expr: { readonly query: string };
}

interface TypeNode {
  readonly PLpgSQL_type: { readonly typname: string };
}

export type Datum =
  | {
      readonly PLpgSQL_var: {
        readonly refname: string;
        readonly datatype: TypeNode;
        readonly default_val?: Expression;
        readonly isconst?: boolean;
      };
    }
  | { readonly PLpgSQL_rec: { readonly refname: string; readonly dno?: number } }
  | { readonly PLpgSQL_recfield: { readonly fieldname: string; readonly recparentno: number } }
  | {
      readonly PLpgSQL_row: {
        readonly fields: ReadonlyArray<{ readonly name: string; readonly varno: number }>;
      };
    };

/** The fields of a statement; which there are depends on its kind. */
export interface StatementFields {
  readonly lineno?: number;
  readonly body?: readonly Statement[];
  readonly exceptions?: {
    readonly PLpgSQL_exception_block: {
      readonly exc_list: ReadonlyArray<{
        readonly PLpgSQL_exception: {
          readonly conditions: ReadonlyArray<{ readonly PLpgSQL_condition: { readonly condname: string } }>;
          readonly action?: readonly Statement[];
        };
      }>;
    };
  };
  readonly cond?: Expression;
  readonly then_body?: readonly Statement[];
  readonly elsif_list?: ReadonlyArray<{
    readonly PLpgSQL_if_elsif: { readonly cond: Expression; readonly stmts?: readonly Statement[] };
  }>;
  readonly else_body?: readonly Statement[];
  readonly varno?: number;
  readonly expr?: Expression;
  readonly sqlstmt?: Expression;
  readonly into?: boolean;
  readonly strict?: boolean;
  readonly target?: Datum;
  readonly query?: Expression;
  readonly params?: readonly Expression[];
  readonly elog_level?: number;
  readonly condname?: string;
  readonly message?: string;
  readonly options?: ReadonlyArray<{
    readonly PLpgSQL_raise_option: { readonly opt_type: string | number; readonly expr: Expression };
  }>;
  readonly var?: Datum;
  readonly lower?: Expression;
  readonly upper?: Expression;
  readonly step?: Expression;
  readonly reverse?: number | boolean;
  readonly label?: string;
  readonly is_exit?: boolean;
}

export type Statement = Readonly<Record<string, StatementFields>>;

export interface FunctionTree {
  readonly datums: readonly Datum[];
  readonly action: Statement;
}
