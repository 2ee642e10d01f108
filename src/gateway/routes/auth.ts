/** Accounts: logging in, renewing a token, registering. */
import { z } from "@hono/zod-openapi";

import { findUser, insertUser, type StoredUser } from "../../store/index.js";
import { hashPassword, type Identity } from "../access.js";
import type { GatewayContext } from "../context.js";
import { timeText } from "../experiment-view.js";
import { ApiError, reply, type Reply } from "../http.js";
import * as replies from "../replies.js";
import { withBody, type Route } from "../route.js";

const tag = "auth";

const loginBody = z
  .looseObject({ email: z.string().optional(), username: z.string().optional(), password: z.string() })
  .refine(({ email, username }) => (email ?? username ?? "") !== "", "email or username is needed");

const registerBody = z.looseObject({
  name: z.string().trim().min(1).max(100),
  email: z.email().max(255),
  password: z.string().min(6).max(200),
  organization: z.string().max(100).optional(),
});

/** Routes of accounts. */
export const authRoutes: readonly Route[] = [
  withBody({
    method: "post",
    path: "/auth/login",
    summary: "Log in with e-mail address or user name",
    tag,
    access: "open",
    body: loginBody,
    replies: { 200: "A token" },
    answer: replies.tokenReply,
    refusals: [401],
    handle: async ({ context, body }) => {
      const login = body.email ?? body.username ?? "";
      const user = await findUser(context.sql, login);
      if (user === undefined || !context.checkPassword(body.password, user.password_hash)) {
        throw new ApiError("AUTHENTICATION_ERROR", "wrong name or password");
      }
      return tokenReply(context, toIdentity(user), user);
    },
  }),
  withBody({
    method: "post",
    path: "/auth/refresh",
    summary: "Exchange a token that is still good for a new one",
    tag,
    access: "open",
    body: z.looseObject({ token: z.string() }),
    replies: { 200: "A token" },
    answer: replies.tokenReply,
    refusals: [401],
    handle: ({ context, body }) => tokenReply(context, context.tokens.verify(body.token)),
  }),
  {
    method: "get",
    path: "/auth/me",
    summary: "Read who the token speaks for",
    tag,
    access: "viewer",
    replies: { 200: "The user" },
    answer: replies.userReply,
    handle: ({ identity }) => reply(200, { ...userView(identity), user: userView(identity) }),
  },
  {
    method: "post",
    path: "/auth/logout",
    summary: "Log out; the client forgets its token",
    tag,
    access: "viewer",
    replies: { 200: "A message" },
    answer: replies.messageReply,
    handle: () => reply(200, { message: "logged out" }),
  },
  withBody({
    method: "post",
    path: "/auth/register",
    summary: "Make an account in a tenant of its own",
    tag,
    access: "open",
    body: registerBody,
    replies: { 201: "User and token" },
    answer: replies.tokenReply,
    refusals: [409],
    handle: async ({ context, body }) => {
      const id = context.ids.next();
      const user: StoredUser = {
        id,
        email: body.email,
        username: body.email,
        name: body.name,
        password_hash: hashPassword(body.password, context.random),
        roles: ["admin"],
        // A tenant that exists cannot be joined by naming it.
        tenant_id: `tenant-${id}`,
      };
      if (!(await insertUser(context.sql, user)))
        throw new ApiError("CONFLICT", "the address has an account");
      return { ...tokenReply(context, toIdentity(user), user), status: 201 };
    },
  }),
  withBody({
    method: "post",
    path: "/auth/password-reset/request",
    summary: "Ask for a password reset; the answer does not tell whether the account exists",
    tag,
    access: "open",
    body: z.looseObject({ email: z.string() }),
    replies: { 202: "A message" },
    answer: replies.messageReply,
    handle: () => reply(202, { message: "if the account exists, a mail is on its way" }),
  }),
  withBody({
    method: "post",
    path: "/auth/password-reset/confirm",
    summary: "Set a new password with the token of a mail",
    tag,
    access: "open",
    body: z.looseObject({ token: z.string(), password: z.string() }),
    replies: {},
    handle: () => {
      // No mail is ever sent, so no token can be right.
      throw new ApiError("VALIDATION_ERROR", "the reset token is wrong or has expired");
    },
  }),
];

function tokenReply(context: GatewayContext, identity: Identity, user?: StoredUser): Reply {
  const { token, expiresAtMs } = context.tokens.sign(identity);
  return reply(200, { token, expires_at: timeText(expiresAtMs), user: userView(identity, user) });
}

function toIdentity(user: StoredUser): Identity {
  return { userId: user.id, email: user.email, roles: user.roles, tenantId: user.tenant_id };
}

function userView(identity: Identity, user?: StoredUser): Record<string, unknown> {
  return {
    id: identity.userId,
    email: identity.email,
    username: user?.username ?? identity.email,
    name: user?.name ?? identity.email,
    roles: identity.roles,
    role: identity.roles[0] ?? "viewer",
    tenant_id: identity.tenantId,
  };
}
