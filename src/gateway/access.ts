/** Access: signed tokens and who they stand for, roles, stored passwords, and which tenant may see what. */
import { createSigner, createVerifier } from "fast-jwt";
import { scryptSync, timingSafeEqual } from "node:crypto";

import type { Clock, Random } from "../ports/index.js";
import { isPlainObject } from "../shared/index.js";
import { ApiError, forbidden } from "./http.js";

export type Role = "viewer" | "user" | "admin";

/** Who makes a request. */
export interface Identity {
  readonly userId: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly tenantId: string;
}

export interface Tokens {
  /** Signs a token that starts now. */
  sign(identity: Identity): { readonly token: string; readonly expiresAtMs: number };
  /** @throws ApiError `AUTHENTICATION_ERROR` when it is forged, expired, or from someone else. */
  verify(token: string): Identity;
}

/** What tokens are made of. */
export interface TokenOptions {
  readonly clock: Clock;
  readonly jwtSecret: string;
  readonly jwtIssuer: string;
  readonly tokenLifeMs: number;
}

/** Tokens whose signature was found right and is not computed again. */
const signedMax = 256;

/** Signs and checks tokens: HS256 only, with issuer and expiry. */
export function createTokens({ clock, jwtSecret, jwtIssuer, tokenLifeMs }: TokenOptions): Tokens {
  // The library would ask the system for the time; it is set and checked here instead.
  const signer = createSigner({ key: jwtSecret, algorithm: "HS256", noTimestamp: true });
  const verifier = createVerifier({
    key: jwtSecret,
    algorithms: ["HS256"],
    ignoreExpiration: true,
    ignoreNotBefore: true,
    clockTimestamp: 1,
  });

  // A signature stays right or wrong; only what depends on the time is looked at again.
  const signed = new Map<string, unknown>();

  function checkSignature(token: string): unknown {
    let payload: unknown;
    try {
      payload = verifier(token);
    } catch {
      throw new ApiError("AUTHENTICATION_ERROR", "invalid token");
    }
    const [oldest] = signed.keys();
    if (signed.size >= signedMax && oldest !== undefined) signed.delete(oldest);
    signed.set(token, payload);
    return payload;
  }

  return {
    sign: ({ userId, email, roles, tenantId }) => {
      const issuedAt = Math.floor(clock.now() / 1000);
      const expiresAt = issuedAt + Math.floor(tokenLifeMs / 1000);
      const claims = { user_id: userId, email, roles, tenant_id: tenantId };
      const token = signer({ ...claims, iss: jwtIssuer, iat: issuedAt, exp: expiresAt });
      return { token, expiresAtMs: expiresAt * 1000 };
    },
    verify: (token) => {
      return toIdentity(signed.get(token) ?? checkSignature(token), jwtIssuer, clock.now() / 1000);
    },
  };
}

function toIdentity(payload: unknown, issuer: string, nowSeconds: number): Identity {
  const claims = isPlainObject(payload) ? payload : {};
  const { user_id: userId, email, roles, tenant_id: tenantId, exp, nbf } = claims;
  if (claims["iss"] !== issuer) throw new ApiError("AUTHENTICATION_ERROR", "invalid token");
  if (typeof exp !== "number" || exp <= nowSeconds)
    throw new ApiError("AUTHENTICATION_ERROR", "token expired");
  if (typeof nbf === "number" && nbf > nowSeconds)
    throw new ApiError("AUTHENTICATION_ERROR", "token not yet valid");
  const complete =
    typeof userId === "string" && typeof tenantId === "string" && tenantId !== "" && Array.isArray(roles);
  if (!complete) throw new ApiError("AUTHENTICATION_ERROR", "token lacks claims");
  const texts = roles.filter((role) => typeof role === "string");
  return { userId, email: typeof email === "string" ? email : "", roles: texts, tenantId };
}

/** @returns Whether someone may do what needs a role: admins everything, users what viewers may. */
export function mayAct(identity: Identity, needed: Role): boolean {
  const rank: Readonly<Record<Role, number>> = { viewer: 1, user: 2, admin: 3 };
  return identity.roles.some((role) => Object.hasOwn(rank, role) && rank[role as Role] >= rank[needed]);
}

// Stored passwords: `scrypt:N:salt:hex`.

const cost = 1024;
const keyLength = 32;

/** @returns The text to store for a password. */
export function hashPassword(password: string, random: Random): string {
  const salt = Buffer.from(random.bytes(8)).toString("hex");
  return `scrypt:${cost}:${salt}:${scryptSync(password, salt, keyLength, { N: cost }).toString("hex")}`;
}

/** @returns Whether a password is the one that was stored. */
export function checkPassword(password: string, stored: string): boolean {
  const [kind, n, salt, hex] = stored.split(":");
  if (kind !== "scrypt" || n === undefined || salt === undefined || hex === undefined) return false;
  const key = scryptSync(password, salt, keyLength, { N: Number(n) });
  const expected = Buffer.from(hex, "hex");
  return key.length === expected.length && timingSafeEqual(key, expected);
}

// Who may see what: everything belongs to the tenant in whose name it was made.

/** Something that belongs to a tenant. */
export interface Owned {
  readonly tenant_id: string;
}

/** Decides whether someone may see a thing. */
export type TenantGuard = (identity: Identity, thing: Owned) => boolean;

/** Lets people of the same tenant in, and nobody else, whatever their role. */
export const sameTenant: TenantGuard = (identity, thing) => identity.tenantId === thing.tenant_id;

/** @throws ApiError `AUTHORIZATION_ERROR` when the thing belongs to another tenant. */
export function assertSeen(guard: TenantGuard, identity: Identity, thing: Owned): void {
  if (!guard(identity, thing)) throw forbidden("this belongs to another tenant");
}
