/** The data plane: nodes with processes, and collectors that interpret their configurations. */

export { createNodeAgent, type NodeAgent, type NodeFault } from "./node-agent.js";
export { createNodeDisk, type NodeDisk, type NodeOptions } from "./node-options.js";
export { createConfigTools, type ConfigTools } from "./collector-config.js";
