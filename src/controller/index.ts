/** The experiment controller. */

export { createController, type Controller, type ControllerPortsAndOptions } from "./controller.js";
export {
  resolveControllerOptions,
  type ControllerOptions,
  controllerParts,
  type ControllerParts,
  type ControllerPorts,
  type Leases,
} from "./options.js";
export { createNodeClient, type CollectorReply, type CollectorSpec, type NodeClient } from "./node-client.js";
