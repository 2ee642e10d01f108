/** The error a server sends, with the fields that the `pg` client puts on its own `DatabaseError`. */

/** Optional fields of an ErrorResponse, named as `pg` names them. */
export interface DatabaseErrorFields {
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
}

/** An error as PostgreSQL reports it. `code` is the five-letter SQLSTATE. */
export class DatabaseError extends Error {
  override readonly name = "error";
  readonly code: string;
  readonly severity: "ERROR" | "FATAL";
  declare readonly detail?: string;
  declare readonly hint?: string;
  declare readonly position?: string;
  declare readonly where?: string;
  declare readonly schema?: string;
  declare readonly table?: string;
  declare readonly column?: string;
  declare readonly dataType?: string;
  declare readonly constraint?: string;

  constructor(
    code: string,
    message: string,
    fields: DatabaseErrorFields = {},
    severity: "ERROR" | "FATAL" = "ERROR",
  ) {
    super(message);
    this.code = code;
    this.severity = severity;
    Object.assign(this, fields);
  }

  /** Says where in the text it arose, unless that is known. @param at - In characters from 0. */
  placeAt(at: number): void {
    if (this.position === undefined) Object.assign(this, { position: String(at + 1) });
  }
}

/** The text a client sees when the server shuts a session down. */
export function terminatedByAdministrator(): DatabaseError {
  return new DatabaseError("57P01", "terminating connection due to administrator command", {}, "FATAL");
}
