/** What a route is: where, for whom, with what, and what it does. */
import { z } from "@hono/zod-openapi";
import { problemsOf } from "../model/index.js";
import { isPlainObject, isUnset, ValidationError } from "../shared/index.js";
import type { GatewayContext } from "./context.js";
import type { Reply } from "./http.js";
import type { Identity, Role } from "./access.js";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** One request to a route. */
export interface Call<Body = unknown> {
  readonly context: GatewayContext;
  /** Parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** Checked against the route's schema; undefined when the route has none. */
  readonly body: Body;
  readonly rawBody: string;
  /** Who asks. On an open route an anonymous identity without a tenant. */
  readonly identity: Identity;
}

/** A route under `/api/v1`. */
export interface Route {
  readonly method: Method;
  /** Such as `/experiments/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** The least role it takes, or `open` for everybody. */
  readonly access: Role | "open";
  /** Schema that the body is checked against before the handler runs. */
  readonly body?: z.ZodType;
  /** Schema that is documented, where the handler reads the body by itself. */
  readonly documentedBody?: z.ZodType;
  /** Names and meaning of query parameters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Names and meaning of request headers. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Status and meaning of each good answer. */
  readonly replies: Readonly<Record<number, string>>;
  /** What a good answer holds; absent where it holds nothing. */
  readonly answer?: () => z.ZodType;
  /** Refusals besides those that every such route has. */
  readonly refusals?: readonly number[];
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

/**
 * Checks a body, perhaps late: after it is clear that the caller may know whether the request makes sense. Zero values
 * of Go stand for optional fields that were not set.
 *
 * @throws ValidationError naming everything that is wrong.
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(withoutUnset(schema, body));
  if (!parsed.success) throw new ValidationError(problemsOf(parsed.error));
  return parsed.data;
}

function withoutUnset(schema: z.ZodType, value: unknown): unknown {
  if (!(schema instanceof z.ZodObject) || !isPlainObject(value)) return value;
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  const isLeftOut = (key: string): boolean =>
    Object.hasOwn(shape, key) && isUnset(value[key]) && shape[key]?.safeParse(undefined).success === true;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !isLeftOut(key)));
}

/** Describes a route whose body is checked by a schema, so that the handler sees its type. */
export function withBody<Schema extends z.ZodType>(
  route: Omit<Route, "body" | "handle"> & {
    readonly body: Schema;
    readonly handle: (call: Call<z.infer<Schema>>) => Promise<Reply> | Reply;
  },
): Route {
  return route as unknown as Route;
}
