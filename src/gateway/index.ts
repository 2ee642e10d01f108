/** The API gateway. */

export { createGateway, type Gateway, type GatewayParts } from "./gateway.js";
export { checkPassword, createTokens } from "./access.js";
export { bodyBytesMaxOf, resolveGatewayOptions, type GatewayOptions } from "./context.js";
