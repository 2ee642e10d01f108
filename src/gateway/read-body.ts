/** The body of a request as a JSON value, or the reason why it cannot be read. */
import type { HttpRequest } from "../ports/index.js";
import { ApiError } from "./errors.js";

/** Objects and lists inside one another: enough for every document that makes sense, and little for the stack. */
const depthMax = 200;

/**
 * @param bodyMax - Longest body, in characters.
 * @returns An empty object for an empty body.
 * @throws ApiError `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE` or `VALIDATION_ERROR`.
 */
export function readJsonBody({ body, headers }: HttpRequest, bodyMax: number): unknown {
  if (body.length > bodyMax) throw tooLarge(bodyMax);
  if (body.trim() === "") return {};
  checkHeaders(headers);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new ApiError("VALIDATION_ERROR", "the body is not valid json");
  }
  if (depthOf(body) > depthMax)
    throw new ApiError("VALIDATION_ERROR", `the body is nested deeper than ${depthMax}`);
  // Rarely true, and then the parsed texts decide: the escape may be an escaped backslash and four digits.
  if (suspicious.test(body) && holdsUnstorable(value)) {
    throw new ApiError(
      "VALIDATION_ERROR",
      "texts must not contain the character NUL or half of a surrogate pair",
    );
  }
  return value;
}

/** @returns The refusal of a body that is too long. */
export function tooLarge(bodyMax: number): ApiError {
  return new ApiError("PAYLOAD_TOO_LARGE", `the body is longer than ${bodyMax} characters`);
}

// Whatever is not called a form, a coding or another alphabet is read as JSON, as servers in Go read it: many clients
// say nothing, or what their library says by default.
function checkHeaders(headers: HttpRequest["headers"]): void {
  const coding = (headers["content-encoding"] ?? "").trim().toLowerCase();
  if (coding !== "" && coding !== "identity") throw unsupported(`the content coding ${coding}`);
  const type = (headers["content-type"] ?? "").toLowerCase();
  if (/^\s*(?:multipart|image|audio|video|font)\//.test(type)) throw unsupported(`the media type ${type}`);
  const charset = /;\s*charset="?([^\s";]+)/.exec(type)?.[1];
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/.test(charset))
    throw unsupported(`the charset ${charset}`);
}

function unsupported(what: string): ApiError {
  return new ApiError("UNSUPPORTED_MEDIA_TYPE", `${what} is not read: send json in utf-8, uncompressed`);
}

// The text is known to be JSON.
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{" || character === "[") deepest = Math.max(deepest, (depth += 1));
    else if (character === "}" || character === "]") depth -= 1;
    else if (character === '"') at = endOfText(text, at);
  }
  return deepest;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

const suspicious = /\\u(?:0000|[dD][89a-fA-F])|[\ud800-\udfff]/;
// eslint-disable-next-line no-control-regex -- NUL is what this looks for: the database cannot store it.
const unstorable = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** @returns Whether the database could not store a text: it has a NUL or half of a surrogate pair. */
export function isUnstorable(text: string): boolean {
  return unstorable.test(text);
}

function holdsUnstorable(value: unknown): boolean {
  if (typeof value === "string") return isUnstorable(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => isUnstorable(key) || holdsUnstorable(inner));
}
