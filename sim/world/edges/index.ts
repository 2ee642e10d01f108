/** The edges: how a test's own code reaches a world, by fetch, WebSocket, real clients, globals, or a port. */

export {
  createDriverStreams,
  type DriverProtocol,
  type DriverStream,
  type Address,
  type DriverStreams,
  type DriverWatch,
  type DriverWorld,
  listenForDrivers,
  type ListenForDriversOptions,
  listenOnPort,
  type ListenOnPortOptions,
  type PortListener,
} from "./listen-for-drivers.js";
export { RefusedStream } from "./global-connections.js";
export {
  carriesBytes,
  serveBytes,
  type ByteClient,
  type ByteServer,
  servePort,
  type ServePortOptions,
} from "./serve-port.js";
export type { BytesOpening, PortService } from "./stream-server.js";
export {
  createWorldFetch,
  type WorldFetchOptions,
  createOutside,
  outsideHost,
  type Outside,
} from "./fetch.js";
export { installGlobals, type GlobalsOptions, type InstalledGlobals } from "./globals.js";
export {
  createClientStreams,
  type ClientStreams,
  type ClientStreamsOptions,
  type StreamTarget,
} from "./client-stream.js";
export {
  createRealClients,
  type Destination,
  type RealClients,
  type RealClientsOptions,
} from "./real-clients.js";
export {
  acceptWebSocket,
  type WorldServerSocket,
  waitForMessage,
  waitForReadyState,
  type MessageWait,
} from "./server-socket.js";
export { createWorldSockets, type WorldSockets, type WorldSocketsOptions } from "./websocket.js";
export { printSources, sources, type Source, type SourceState } from "./sources.js";
export { createUndo, type Undo } from "./layered-global.js";
