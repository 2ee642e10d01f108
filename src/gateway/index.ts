/** The API gateway. */
export { createGateway, type Gateway, type GatewayParts, type GatewayPortsAndOptions } from "./gateway.js";
export { checkPassword } from "./passwords.js";
export { bodyBytesMaxOf, resolveGatewayOptions, type GatewayOptions } from "./options.js";
export { reply, type Reply } from "./reply.js";
export type { Call, Method, Route } from "./route.js";
export { sameTenant, type Owned, type TenantGuard } from "./tenant.js";
export { createTokens, type Identity, type Role, type TokenOptions, type Tokens } from "./tokens.js";
export { createAnnouncer, type Announcer } from "./announcer.js";
