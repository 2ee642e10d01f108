/** Answers about accounts. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { time } from "./common.js";

const user = once(() =>
  z
    .object({
      id: z.string(),
      email: z.string(),
      username: z.string(),
      name: z.string(),
      roles: z.array(z.string()),
      role: z.string(),
      tenant_id: z.string(),
    })
    .openapi("User"),
);

export const userReply = once(() => user().extend({ user: user() }));

export const tokenReply = once(() =>
  z.object({ token: z.string(), expires_at: time(), user: user() }).openapi("Token"),
);
