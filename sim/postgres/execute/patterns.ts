/** `LIKE` and regular expressions. */
import { DatabaseError } from "../database-error.js";
import { boolType, textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import { tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { unsupported } from "./unsupported.js";

function likePattern(pattern: string, ignoreCase: boolean): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern[at] ?? "";
    if (next === "\\") {
      at += 1;
      if (at >= pattern.length)
        throw new DatabaseError("22025", "LIKE pattern must not end with escape character");
      source += (pattern[at] ?? "").replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    } else if (next === "%") source += "[^]*";
    else if (next === "_") source += "[^]";
    else source += next.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
}

// The part of PostgreSQL's regular expressions that means the same in JavaScript.
function posixPattern(pattern: string, ignoreCase: boolean): RegExp {
  if (/\\[mMyYAZ]|\[[[.=]|\(\?<?[=!]|\*\*\*|\\\d/.test(pattern)) {
    throw unsupported(`the regular expression ${JSON.stringify(pattern)}`);
  }
  try {
    return new RegExp(pattern, ignoreCase ? "i" : "");
  } catch {
    throw new DatabaseError("2201B", "invalid regular expression");
  }
}

export function compileMatch(
  op: string,
  left: Compiled,
  right: Compiled,
  noOperator: (left: PgType, op: string, right: PgType) => DatabaseError,
): Compiled {
  const shown = op
    .replace("NOT ILIKE", "!~~*")
    .replace("NOT LIKE", "!~~")
    .replace("ILIKE", "~~*")
    .replace("LIKE", "~~");
  const isText = (side: Compiled): boolean => side.coerce !== undefined || side.type.category === "text";
  const text = isText(left) ? tryCoerce(left, textType, "implicit") : null;
  const pattern = isText(right) ? tryCoerce(right, textType, "implicit") : null;
  if (text === null || pattern === null) throw noOperator(left.type, shown, right.type);
  const ignoreCase = op.includes("ILIKE") || op.endsWith("*");
  const build = op.includes("LIKE") ? likePattern : posixPattern;
  const negate = op.startsWith("NOT") || op.startsWith("!");
  // A pattern is usually the same for every row.
  let lastPattern: string | null = null;
  let lastRegExp = /^/;
  return {
    type: boolType,
    constant: text.constant && pattern.constant,
    run(env) {
      const subject = text.run(env) as string | null;
      const source = pattern.run(env) as string | null;
      if (subject === null || source === null) return null;
      if (source !== lastPattern) {
        lastRegExp = build(source, ignoreCase);
        lastPattern = source;
      }
      return lastRegExp.test(subject) !== negate;
    },
  };
}
