/** PostgreSQL as a service sees it: the subset of `pg` that the platform uses. */

/** A statement is a named constant text; only its values change. */
export interface SqlStatement {
  /** Short constant name, such as `insert-experiment`; names the prepared statement and the trace label. */
  readonly name: string;
  readonly text: string;
}

export interface SqlResult<Row> {
  readonly rows: Row[];
  /** Rows returned or changed, as `pg` counts them; null for statements without a count. */
  readonly rowCount: number | null;
}

export interface SqlClient {
  /**
   * Runs one statement with `$1`-style values.
   *
   * @throws Error with `code`: a five-letter SQLSTATE (`23505`, `40001`, `57014` ...) when the server refused,
   * or a Node code (`ECONNREFUSED`, `ECONNRESET`) when the connection failed and the outcome may be unknown.
   */
  query<Row>(statement: SqlStatement, values?: readonly unknown[]): Promise<SqlResult<Row>>;
}

/** One connection, borrowed from a pool; transactions live on it. */
export interface SqlConnection extends SqlClient {
  /** Gives the connection back. Pass `true` to close it instead, as after a failed transaction. */
  release(destroy?: boolean): void;
}

export interface SqlPool extends SqlClient {
  connect(): Promise<SqlConnection>;
  /** Closes the pool; later use throws. */
  end(): Promise<void>;
}
