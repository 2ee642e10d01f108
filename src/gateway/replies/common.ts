/** What many answers hold. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { experimentStates, variants } from "../../model/index.js";

export const time = once(() => z.iso.datetime().openapi({ description: "RFC 3339, UTC" }));

export const whole = once(() => z.int());

export const share = once(() => z.number().openapi({ description: "Percent" }));

export const object = once(() => z.record(z.string(), z.unknown()));

export const state = once(() => z.enum(experimentStates));

export const variant = once(() => z.enum(variants as [string, ...string[]]));

export const messageReply = once(() => z.object({ message: z.string() }).openapi("Message"));
