/** What every route has at hand. */
import type { PrometheusClient } from "../analysis/index.js";
import type { Clock, HttpClient, Logger, Random, SqlPool } from "../ports/index.js";
import type { DatabaseTime, GeneratorClient, Ids } from "../shared/index.js";
import type { TransitionExperiment } from "../store/index.js";
import type { Announcer } from "./announcer.js";
import type { GatewayMetrics } from "./metrics.js";
import type { ResolvedGatewayOptions } from "./options.js";
import type { checkPassword } from "./passwords.js";
import type { TenantGuard } from "./tenant.js";
import type { Tokens } from "./tokens.js";

export interface GatewayContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly options: ResolvedGatewayOptions;
  readonly time: DatabaseTime;
  readonly prometheus: PrometheusClient;
  readonly metrics: GatewayMetrics;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly checkPassword: typeof checkPassword;
  readonly guard: TenantGuard;
  readonly announcer: Announcer;
  readonly generator: GeneratorClient;
  readonly transition: TransitionExperiment;
}
