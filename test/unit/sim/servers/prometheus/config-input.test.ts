import { expectTypeOf, test } from "vitest";
import type { z } from "zod";

import type { PrometheusConfigInput, configSchema } from "../../../../../sim/servers/prometheus/config.js";

type DeepReadonly<Value> = unknown extends Value
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
      : Value;

test("a configuration as an object is what the schema takes", () => {
  expectTypeOf<PrometheusConfigInput>().toEqualTypeOf<DeepReadonly<z.input<typeof configSchema>>>();
});
