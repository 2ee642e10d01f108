/** Durations in YAML: texts such as `15s`, as milliseconds. */
import { z } from "zod";
import { parseDuration } from "../promql/index.js";

/** A duration text that becomes milliseconds. */
export const durationSchema = z.union([z.string(), z.number()]).transform((text, context) => {
  const parsed = parseDuration(String(text));
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `not a valid duration string: "${text}"` });
  return z.NEVER;
});
