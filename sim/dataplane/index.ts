/** The data plane: nodes with processes, and collectors that interpret their configurations. */
export { createNodeAgent, type NodeAgent, type NodeAgentParts, type NodeFault } from "./node-agent.js";
export { createNodeDisk, type DesiredCollector, type DesiredLoad, type NodeDisk } from "./disk.js";
export { createConfigTools, type ConfigTools } from "./config-tools.js";
export { type NodeOptions } from "./node-options.js";
