/** `resource` and `attributes`: put attributes in, change them, or take them away. */
import { z } from "zod";
import type { Attributes } from "../sample.js";
import { readConfig, type ProcessorKind } from "./processor.js";

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const key = z.string().min(1);
const actionSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.enum(["insert", "update", "upsert"]), key, value }),
  z.strictObject({ action: z.literal("delete"), key }),
]);

type Action = z.infer<typeof actionSchema>;

const build =
  (field: "attributes" | "actions"): ProcessorKind["build"] =>
  (config) => {
    const actions =
      readConfig(z.strictObject({ [field]: z.array(actionSchema).min(1) }), config)[field] ?? [];
    return {
      type: "each",
      dynamic: false,
      apply: (sample) => ({ ...sample, attributes: actions.reduce(applyAction, sample.attributes) }),
    };
  };

export const resource: ProcessorKind = { kind: "resource", build: build("attributes") };

export const attributes: ProcessorKind = { kind: "attributes", build: build("actions") };

function applyAction(attributes: Attributes, action: Action): Attributes {
  const present = attributes[action.key] !== undefined;
  if (action.action === "delete") {
    if (!present) return attributes;
    const { [action.key]: _, ...rest } = attributes;
    return rest;
  }
  if (action.action === "insert" && present) return attributes;
  if (action.action === "update" && !present) return attributes;
  return { ...attributes, [action.key]: action.value };
}
