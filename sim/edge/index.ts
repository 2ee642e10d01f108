/** The edges: how a test's own code reaches a world, by fetch, WebSocket, real clients, globals, or a port. */
export { createDriverStreams } from "./driver-stream.js";
export { RefusedStream } from "./refused-stream.js";
export type {
  DriverProtocol,
  DriverStream,
  Address,
  DriverStreams,
  DriverWatch,
  DriverWorld,
} from "./driver-stream.js";
export { carriesBytes, serveBytes } from "./serve-bytes.js";
export type { ByteClient, ByteServer } from "./serve-bytes.js";
export type { BytesOpening } from "./frames.js";
export { createWorldFetch } from "./fetch.js";
export type { WorldFetchOptions } from "./fetch.js";
export { installGlobals } from "./globals.js";
export type { GlobalsOptions, InstalledGlobals } from "./globals.js";
export { listenForDrivers } from "./listen-for-drivers.js";
export type { ListenForDriversOptions } from "./listen-for-drivers.js";
export { listenOnPort } from "./listen-on-port.js";
export type { ListenOnPortOptions, PortListener } from "./listen-on-port.js";
export { createClientStreams } from "./client-stream.js";
export type { ClientStreams, ClientStreamsOptions, StreamTarget } from "./client-stream.js";
export { createRealClients } from "./real-clients.js";
export type { Destination, RealClients, RealClientsOptions } from "./real-clients.js";
export { servePort } from "./serve-port.js";
export type { ServePortOptions } from "./serve-port.js";
export type { PortService } from "./frames.js";
export { acceptWebSocket } from "./server-socket.js";
export type { WorldServerSocket } from "./server-socket.js";
export { waitForMessage, waitForReadyState } from "./socket-waits.js";
export type { MessageWait } from "./socket-waits.js";
export { createWorldSockets } from "./websocket.js";
export type { WorldSockets, WorldSocketsOptions } from "./websocket.js";
export { printSources, sources } from "./sources.js";
export type { Source, SourceState } from "./sources.js";
export { createUndo } from "./undo.js";
export type { Undo } from "./undo.js";
export { createOutside, outsideHost } from "./outside.js";
export type { Outside } from "./outside.js";
