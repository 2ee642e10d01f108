/** Keywords that are values: `current_timestamp`, `current_user` and the like. */
import { dateType, nameType, timestampType, timestamptzType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import { constantOf } from "./coerce.js";
import type { Compiled, CompileContext } from "./env.js";
import { unsupported } from "./unsupported.js";

export function compileKeyword(keyword: string, context: CompileContext): Compiled {
  const dynamic = (type: PgType, run: Compiled["run"]): Compiled => ({ type, constant: true, run });
  switch (keyword) {
    case "current_timestamp":
      return dynamic(timestamptzType, (env) => env.runtime.transactionMicros);
    case "localtimestamp":
      return dynamic(timestampType, (env) => env.runtime.transactionMicros);
    case "current_date":
      return dynamic(dateType, (env) => Math.floor(env.runtime.transactionMicros / 86_400_000_000));
    case "current_user":
    case "session_user":
    case "user":
    case "current_role":
      return dynamic(nameType, (env) => env.runtime.user);
    case "current_schema":
      return constantOf(nameType, "public");
    case "current_catalog":
      return dynamic(nameType, (env) => env.runtime.database);
    default:
      void context;
      throw unsupported(`the keyword ${keyword}`);
  }
}
