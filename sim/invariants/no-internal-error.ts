/** A gateway knows what went wrong: outages are 503, and nothing is a 500. */
import type { Invariant } from "./watch.js";

export const noInternalError: Invariant = {
  name: "no-internal-error",
  summary: "no gateway answers 500",
  watch: ({ fail }) => ({
    answered({ method, path, status, body }) {
      if (status === 500) fail(`${method} ${path} was answered 500: ${body}`);
    },
  }),
};
