/** Accounts. */
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson } from "./transaction.js";

/** An account with the hash of its password: `scrypt:N:salt:hex`. */
export interface StoredUser {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly name: string;
  readonly password_hash: string;
  readonly roles: readonly string[];
  readonly tenant_id: string;
}

const selectByEmail: SqlStatement = {
  name: "select-user-by-email",
  text: "SELECT * FROM users WHERE email = $1",
};
const selectByName: SqlStatement = {
  name: "select-user-by-name",
  text: "SELECT * FROM users WHERE username = $1",
};

const insert: SqlStatement = {
  name: "insert-user",
  text: `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
};

/** @returns The account with this e-mail address or, failing that, this user name. */
export async function findUser(sql: SqlClient, login: string): Promise<StoredUser | undefined> {
  const byEmail = (await sql.query<StoredUser>(selectByEmail, [login])).rows[0];
  const row = byEmail ?? (await sql.query<StoredUser>(selectByName, [login])).rows[0];
  return row === undefined ? undefined : { ...row, roles: fromJson(row.roles) as StoredUser["roles"] };
}

/** Stores an account. @returns False when address or name is taken. */
export async function insertUser(sql: SqlClient, user: StoredUser): Promise<boolean> {
  const values = [user.id, user.email, user.username, user.name, user.password_hash];
  const { rowCount } = await sql.query(insert, [...values, JSON.stringify(user.roles), user.tenant_id]);
  return rowCount === 1;
}
