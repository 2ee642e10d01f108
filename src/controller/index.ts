/** The experiment controller. */

export { createController, type Controller } from "./controller.js";
export { type ControllerOptions, type ControllerParts } from "./options.js";
export { createNodeClient, type NodeClient } from "./node-client.js";
