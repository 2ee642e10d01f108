/** The third parties of a world, and the host they run on. */
import { type Outside, createOutside, outsideHost } from "../edge/index.js";
import type { Loop } from "../kernel/index.js";
import type { Network } from "../network/index.js";
import { type Service, createService } from "../services/index.js";

export interface ThirdParties {
  readonly parties: Outside;
  /** A host like any other: it can be paused, stopped and crashed. */
  readonly service: Service;
}

/** @returns Undefined when the world has none. @throws SimError `SIM_OPTION_INVALID` for what cannot be one. */
export function createThirdParties(
  network: Network,
  loop: Loop,
  given: readonly object[] | undefined,
): ThirdParties | undefined {
  if (given === undefined) return undefined;
  const parties = createOutside(network, loop, given);
  const host = network.fabric.addHost(outsideHost, true);
  const service = createService({
    loop,
    host,
    build: (life) => ({ start: () => parties.listen(life), stop: () => {} }),
  });
  return { parties, service };
}
