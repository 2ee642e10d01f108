/** PostgreSQL on a host, and the connections of clients to it. */
import type { SqlPool, SqlStatement } from "../../src/ports/index.js";
import { type Incarnation, hashString } from "../kernel/index.js";
import { type CapacityOptions, type Network, createCapacity } from "../network/index.js";
import { type PgResult, type PostgresServer, createPool } from "../postgres/index.js";
import { createCallClient, createCallServer } from "./call-channel.js";
import { createClockPort } from "./ports.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const postgresPort = 5432;

interface QueryCall {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

type QueryReply = { readonly result: PgResult } | { readonly error: Error };

/** Puts the server on the network for one life. The first life finds it running, later ones restart it. */
export function postgresInstance(
  { loop, network }: World,
  server: PostgresServer,
  life: Incarnation,
  capacity: CapacityOptions,
): Instance {
  const workers = createCapacity(capacity);
  return {
    start() {
      if (!server.running) server.restart();
      life.onDeath(() => server.crash());
      network.listen(life, postgresPort, {
        onConnection(connection) {
          const session = server.connect();
          createCallServer(
            connection,
            async (call: QueryCall, label): Promise<QueryReply> => {
              await workers.serve(life, label);
              return session.query(call).then(
                (result) => ({ result }),
                (error: unknown) => ({ error: error as Error }),
              );
            },
            digestOfReply,
            (error) => loop.fail(error),
          );
          connection.onClose(() => session.terminate());
        },
      });
    },
    stop() {},
  };
}
