/** The API gateway. */

export { createGateway, type Gateway, type GatewayParts, type GatewayPortsAndOptions } from "./gateway.js";
export {
  checkPassword,
  sameTenant,
  type Owned,
  type TenantGuard,
  createTokens,
  type Identity,
  type Role,
  type TokenOptions,
  type Tokens,
} from "./access.js";
export {
  bodyBytesMaxOf,
  resolveGatewayOptions,
  type GatewayOptions,
  createAnnouncer,
  type Announcer,
} from "./context.js";
export { reply, type Reply } from "./http.js";
export type { Call, Method, Route } from "./route.js";
