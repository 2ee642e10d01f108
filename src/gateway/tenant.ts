/** Who may see what: everything belongs to the tenant in whose name it was made. */
import { forbidden } from "./errors.js";
import type { Identity } from "./tokens.js";

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
