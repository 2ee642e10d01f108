/** Deployments, loads, signals and retried requests. */

/** Statements that create the tables of running things, in order. */
export const operationTables: readonly string[] = [
  // `live_name` is unique while the deployment lives and null afterwards, so that a name can be used again.
  `CREATE TABLE pipeline_deployments (
    id text PRIMARY KEY,
    tenant_id text NOT NULL,
    experiment_id uuid,
    variant text,
    deployment_name text NOT NULL,
    live_name text UNIQUE,
    namespace text NOT NULL,
    pipeline_name text NOT NULL,
    target_nodes jsonb NOT NULL,
    parameters jsonb NOT NULL,
    resources jsonb NOT NULL,
    status text NOT NULL,
    phase text NOT NULL,
    ready_nodes int NOT NULL,
    total_nodes int NOT NULL,
    applied_version int NOT NULL,
    endpoints jsonb NOT NULL,
    scraped boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
  )`,
  `CREATE INDEX pipeline_deployments_experiment ON pipeline_deployments (experiment_id)`,
  `CREATE INDEX pipeline_deployments_scraped ON pipeline_deployments (scraped)`,
  `CREATE INDEX pipeline_deployments_tenant ON pipeline_deployments (tenant_id)`,
  `CREATE TABLE load_simulations (
    id uuid PRIMARY KEY,
    experiment_id uuid NOT NULL,
    tenant_id text NOT NULL,
    profile text NOT NULL,
    process_count int NOT NULL,
    metrics_per_second int NOT NULL,
    duration_ms int NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz
  )`,
  `CREATE INDEX load_simulations_experiment ON load_simulations (experiment_id)`,
  `CREATE INDEX load_simulations_state ON load_simulations (state)`,
  `CREATE INDEX load_simulations_tenant ON load_simulations (tenant_id)`,
  `CREATE TABLE control_signals (
    id uuid PRIMARY KEY,
    experiment_id uuid NOT NULL,
    tenant_id text NOT NULL,
    type text NOT NULL,
    parameters jsonb NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    message text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
  )`,
  `CREATE INDEX control_signals_experiment ON control_signals (experiment_id)`,
  // `scope` joins tenant, user and key: the same key of another user is another request.
  `CREATE TABLE idempotency_keys (
    scope text PRIMARY KEY,
    body_hash text NOT NULL,
    experiment_id uuid NOT NULL,
    reply text NOT NULL,
    created_at timestamptz NOT NULL
  )`,
];
