/** The table of routes. Where two patterns match one path, the first wins. */
import type { Route } from "../route.js";
import { authRoutes } from "./auth.js";
import { controlRoutes } from "./control.js";
import { experimentDataRoutes } from "./experiment-data.js";
import { experimentRoutes } from "./experiments.js";
import { generatorRoutes } from "./generator.js";
import { loadRoutes } from "./loads.js";
import { pipelineRoutes } from "./pipelines.js";

/** Every route below `/api/v1`. */
export const routes: readonly Route[] = [
  ...authRoutes,
  ...experimentRoutes,
  ...experimentDataRoutes,
  ...loadRoutes,
  ...pipelineRoutes,
  ...generatorRoutes,
  ...controlRoutes,
];
