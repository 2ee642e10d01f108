/** `resource` and `attributes`: put attributes in, change them, or take them away. */
import { z } from "zod";
import type { Attributes } from "../sample.js";
import { readConfig, type EachStage, type ProcessorKind } from "./processor.js";

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const key = z.string().min(1);
const actionSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.enum(["insert", "update", "upsert"]), key, value }),
  z.strictObject({ action: z.literal("delete"), key }),
]);

type Action = z.infer<typeof actionSchema>;

const actions = z.array(actionSchema).min(1);
const resourceSchema = z.strictObject({ attributes: actions });
const attributesSchema = z.strictObject({ actions });

const applyAll = (actions: readonly Action[]): EachStage => ({
  type: "each",
  dynamic: false,
  apply: (sample) => ({ ...sample, attributes: actions.reduce(applyAction, sample.attributes) }),
});

export const resource: ProcessorKind = {
  kind: "resource",
  build: (config) => applyAll(readConfig(resourceSchema, config).attributes),
};

export const attributes: ProcessorKind = {
  kind: "attributes",
  build: (config) => applyAll(readConfig(attributesSchema, config).actions),
};

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
