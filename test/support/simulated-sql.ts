/** A pool of the simulated PostgreSQL with the schema of the platform, and no network between. */
import { createPool, createPostgresServer, createTemplate } from "../../sim/servers/postgres/index.js";
import type { Clock, SqlPool } from "../../src/ports/index.js";
import { migrations } from "../../src/store/index.js";

const template = createTemplate(migrations);

export function createSimulatedSql(clock: Pick<Clock, "now" | "setTimer">): SqlPool {
  const server = createPostgresServer({ clock, template });
  return createPool({
    clock,
    connectSession: async () => {
      const session = server.connect();
      return {
        query: (statement, values) => session.query(statement, values),
        close: () => session.end(),
        onLost: () => {},
      };
    },
  });
}
