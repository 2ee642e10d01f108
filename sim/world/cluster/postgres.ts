/** PostgreSQL on a host, and the pools of clients that reach it through the network. */
import type { SqlPool, SqlResult } from "../../../src/ports/index.js";
import { migrations } from "../../../src/store/index.js";
import { hashString, type Incarnation } from "../../kernel/index.js";
import {
  createCapacity,
  type Capacity,
  type CapacityOptions,
  type Connection,
} from "../../kernel/network/index.js";
import {
  DatabaseError,
  type ArrivingStatement,
  createPool,
  createPostgresServer,
  createStatementNamer,
  createTemplate,
  type PgSession,
  type PooledSession,
  type PostgresServer,
  type PostgresTemplate,
} from "../../servers/postgres/index.js";
import { carriesBytes, serveBytes, type BytesOpening } from "../edges/index.js";
import { createCallClient, createCallServer, type CallServer, type Frame } from "./call-channel.js";
import { createClockPort } from "./platform.js";
import type { Instance } from "./service.js";
import type { ServerFaultHooks, World } from "./world.js";

export const postgresPort = 5432;

const connectTimeoutMs = 5_000;
// Longer than the pauses between ticks: a service that comes to work regularly keeps its sessions.
const idleTimeoutMs = 300_000;

interface QueryCall {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /** Stack of the call, while the trace is kept. */
  readonly stack: string | undefined;
}

type QueryReply = { readonly result: SqlResult<Record<string, unknown>> } | { readonly error: Error };

/** @returns A function that builds the platform's schema once and makes each world's server from it. */
export function createDatabaseFactory(): (world: World) => PostgresServer {
  let template: PostgresTemplate | undefined;
  return ({ loop, faultHooks }) => {
    template ??= createTemplate(migrations);
    return createPostgresServer({
      template,
      beforeStatement: (statement) => refusal(faultHooks, statement),
      // A client that freezes inside a transaction must not keep its row locks for ever.
      options: { settings: [["idle_in_transaction_session_timeout", "10s"]] },
      clock: {
        now: () => loop.clock.epochMs + loop.clock.nowMs,
        setTimer(delayMs, label, run) {
          const event = loop.schedule(delayMs, "timer", label, run);
          return () => loop.cancel(event);
        },
      },
    });
  };
}

/** Who has a session: a host, and which of its incarnations. */
export interface Writer {
  readonly host: string;
  readonly incarnation: number;
  /** Stack of its last statement that writes, while the trace is kept. */
  readonly stack: string | undefined;
}

const writes = /^\s*(?:INSERT|UPDATE|DELETE|WITH)\b/i;

/** Puts the server on the network for one incarnation. The first incarnation finds it running, later ones restart it. */
export function postgresInstance(
  world: World,
  server: PostgresServer,
  incarnation: Incarnation,
  capacity: CapacityOptions,
  writers: Map<number, Writer>,
): Instance {
  const workers = createCapacity(capacity);
  return {
    start() {
      server.restart();
      incarnation.onDeath(() => server.crash());
      world.network.listen(incarnation, postgresPort, {
        onConnection(connection) {
          connection.onMessage((first: Frame | BytesOpening) => {
            if (carriesBytes(first)) serveDriver(server, incarnation, workers, connection);
            else serveCalls(world, server, incarnation, { workers, writers, connection }).receive(first);
          });
        },
      });
    },
    // A fast shutdown: open transactions are rolled back, and clients get 57P01.
    stop: () => server.crash(),
  };
}

interface Caller {
  readonly workers: Capacity;
  readonly writers: Map<number, Writer>;
  readonly connection: Connection;
}

function serveCalls(
  { loop, network }: World,
  server: PostgresServer,
  incarnation: Incarnation,
  { workers, writers, connection }: Caller,
): CallServer {
  // A server that takes no sessions says so to each statement, since the connection is there already.
  const session = openSession(server, connection.remote, () => connection.close());
  if (!(session instanceof Error)) {
    const writerIncarnation = network.host(connection.remote).incarnation?.number ?? 0;
    writers.set(session.session.id, {
      host: connection.remote,
      incarnation: writerIncarnation,
      stack: undefined,
    });
  }
  connection.onClose(() => {
    if (!(session instanceof Error)) session.end();
  });
  return createCallServer(
    connection,
    async (call: QueryCall, label): Promise<QueryReply> => {
      await workers.serve(incarnation, label);
      if (session instanceof Error) return { error: session };
      const writer = call.stack === undefined ? undefined : writers.get(session.session.id);
      if (writer !== undefined && writes.test(call.text))
        writers.set(session.session.id, { ...writer, stack: call.stack });
      return session.query(call).then(
        (result) => ({ result }),
        (error: unknown) => ({ error: error as Error }),
      );
    },
    digestOfReply,
    (error) => loop.fail(error),
  );
}

// Real drivers: their bytes keep a worker busy as the calls of services do, and keep their order meanwhile.
function serveDriver(
  server: PostgresServer,
  incarnation: Incarnation,
  workers: Capacity,
  connection: Connection,
): void {
  serveBytes(incarnation, connection, createStatementNamer(), (client) => {
    const wire = server.acceptWire(client, connection.remote);
    let served = Promise.resolve();
    return {
      receive(bytes, label) {
        served = served.then(async () => workers.serve(incarnation, label)).then(() => wire.receive(bytes));
      },
      closed: () => wire.closed(),
    };
  });
}

/** @returns The pool of a service, whose sessions go through the network. @param size - Sessions at a time. */
export function connectPool(world: World, incarnation: Incarnation, size: number): SqlPool {
  return createPool({
    clock: createClockPort(incarnation),
    max: size,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    connectSession: async () => connectSession(world, incarnation),
  });
}

async function connectSession(
  { network, recorder }: World,
  incarnation: Incarnation,
): Promise<PooledSession> {
  const connection = await network.connect(incarnation, "postgres", postgresPort, "sql", connectTimeoutMs);
  const channel = createCallClient(connection, (cause) => {
    const error = new Error("Connection terminated unexpectedly", cause === undefined ? {} : { cause });
    return Object.assign(error, { code: cause?.code ?? "ECONNRESET" });
  });
  return {
    async query({ name, text }, values) {
      const stack = recorder.keepsSteps ? new Error(`${name} was asked for here`).stack : undefined;
      const call: QueryCall = { name, text, values, stack };
      const digest = hashString(JSON.stringify(values), hashString(name));
      const reply = (await channel.call(call, `sql/${name}`, digest)) as QueryReply;
      if ("error" in reply) throw reply.error;
      return reply.result;
    },
    close: channel.close,
    onLost: (listener) => channel.onLost((cause) => listener(cause ?? new Error("Connection terminated"))),
  };
}

/** What a fault of the world answers to a statement, in place of the server. */
function refusal({ sql }: ServerFaultHooks, statement: ArrivingStatement): DatabaseError | undefined {
  for (const fails of sql) {
    const code = fails(statement);
    if (code !== undefined) return new DatabaseError(code, `a fault of the simulation: ${code}`);
  }
  return undefined;
}

function openSession(server: PostgresServer, from: string, onTerminated: () => void): PgSession | Error {
  try {
    return server.connect({ from, onTerminated });
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
}

function digestOfReply(reply: unknown): number {
  const answer = reply as QueryReply;
  if ("error" in answer) return hashString(answer.error.message);
  return answer.result.rows.length * 31 + (answer.result.rowCount ?? -1);
}
