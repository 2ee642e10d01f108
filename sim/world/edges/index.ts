/** The edges: how a test's own code reaches a world, by fetch, WebSocket, real clients, globals, or a port. */

export {
  createDriverStreams,
  type DriverProtocol,
  type DriverStream,
  type Address,
  type DriverStreams,
  type DriverWorld,
  listenForDrivers,
  listenOnPort,
  type PortListener,
} from "./listen-for-drivers.js";
export { describeRequest, watchCallers, type Callers } from "./callers.js";
export { RefusedStream } from "./global-connections.js";
export { carriesBytes, serveBytes, servePort } from "./serve-port.js";
export type { BytesOpening } from "./stream-server.js";
export { createWorldFetch, createOutside, outsideHost, type Outside } from "./fetch.js";
export { installGlobals, type InstalledGlobals } from "./globals.js";
export { createClientStreams, type ClientStreams } from "./client-stream.js";
export { createRealClients, type RealClients } from "./real-clients.js";
export { type WorldServerSocket, waitForMessage, waitForReadyState } from "./server-socket.js";
export { createWorldSockets, type WorldSockets } from "./websocket.js";
export { printSources, sources, type SourceState } from "./sources.js";
export { createUndo, type Undo } from "./layered-global.js";
export { createPostgresMock, createRedisMock, mockNow, usePostgresMock, useRedisMock } from "./mocks.js";
