/** Which format a scraped body is in. */
import type { FallbackFormat } from "../config/index.js";
import { goQuote } from "../labels/index.js";
import type { Dialect } from "../promql/index.js";

/** The format, or why the body is refused. */
export interface FormatChoice {
  readonly name: "text" | "openmetrics";
  readonly error: string | undefined;
}

/** Since version 3 a body without known Content-Type is refused, unless the job names a fallback. */
export function chooseFormat(
  contentType: string | undefined,
  fallback: FallbackFormat,
  dialect: Dialect,
): FormatChoice {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/vnd.google.protobuf") {
    const found = goQuote(contentType ?? "");
    return { name: "text", error: `received Content-Type ${found}: protobuf is not simulated` };
  }
  if (type === "application/openmetrics-text") return { name: "openmetrics", error: undefined };
  if (type === "text/plain" || dialect === 2) return { name: "text", error: undefined };
  if (fallback !== undefined) return { name: fallback, error: undefined };
  if (type === "") {
    return {
      name: "text",
      error:
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
    };
  }
  return {
    name: "text",
    error: `received unsupported Content-Type ${goQuote(contentType ?? "")} and no fallback_scrape_protocol specified for target`,
  };
}
