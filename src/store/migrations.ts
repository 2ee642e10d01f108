/** The schema of the database, as single statements to run once, in order. */

// Tenants, users and stored templates, with the accounts that every installation starts with.

/** Statements that create the tables of people, in order. */
const accountTables: readonly string[] = [
  `CREATE TABLE tenants (id text PRIMARY KEY, name text NOT NULL)`,
  `INSERT INTO tenants (id, name) VALUES
    ('tenant-001', 'Phoenix'), ('tenant-002', 'Visitors'), ('tenant1', 'Tenant 1'), ('tenant2', 'Tenant 2')`,
  `CREATE TABLE users (
    id text PRIMARY KEY,
    email text NOT NULL UNIQUE,
    username text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    roles jsonb NOT NULL,
    tenant_id text NOT NULL
  )`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-admin', 'admin@phoenix.io', 'admin', 'Admin', 'scrypt:1024:bc48181649804996:764c3c5061ee104307818902015eabcb6f2d47fa00cd75b00347a425b0f583d0', '["admin"]', 'tenant-001')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-user', 'user@phoenix.io', 'user', 'User', 'scrypt:1024:6712c2f03169b290:90d7c10e158f59aeba69d264380777088e635c282c68f60ee024c2a7eb860438', '["user"]', 'tenant-001')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-viewer', 'viewer@phoenix.io', 'viewer', 'Viewer', 'scrypt:1024:a07d8803a6867dd2:4aa5a03db7e45e7f6e4c5ea882c5e4031e95b08a6c727c9ea261e1bc5e8312eb', '["viewer"]', 'tenant-002')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant1-admin', 'admin@tenant1.phoenix.io', 'tenant1', 'Tenant 1 admin', 'scrypt:1024:6f14b635a31c99bf:affa1d2d26be03d1edce98b7972dd8284ab191f748e492270ae9280381480955', '["admin"]', 'tenant1')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant1-user', 'user@tenant1.phoenix.io', 'tenant1-user', 'Tenant 1 user', 'scrypt:1024:fdc44c3036f1a8d6:33383575d0847b94523f3bd88d6fc20db780d3c6bf4f56ef92f82117be891bfc', '["user"]', 'tenant1')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant1-viewer', 'viewer@tenant1.phoenix.io', 'tenant1-viewer', 'Tenant 1 viewer', 'scrypt:1024:da82afb32cec7f80:eef689446d80a2f630fa81d5e9c00d4a2d4a5b36a98eabe8637ee84f840b9fe4', '["viewer"]', 'tenant1')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant2-admin', 'admin@tenant2.phoenix.io', 'tenant2', 'Tenant 2 admin', 'scrypt:1024:f35c0bc252b74775:18f7609c54c81117b2f7b3e61193b1c1f816ae7dc5735d07f40c2db857711cab', '["admin"]', 'tenant2')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant2-user', 'user@tenant2.phoenix.io', 'tenant2-user', 'Tenant 2 user', 'scrypt:1024:93a84cabf802c194:4671edb7db1b3bf4479cffd6cf137893acc7f68d1578e98481db410c32deb3a1', '["user"]', 'tenant2')`,
  `INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ('u-tenant2-viewer', 'viewer@tenant2.phoenix.io', 'tenant2-viewer', 'Tenant 2 viewer', 'scrypt:1024:04a4fcff6eac397c:5bbaa5ae70b19f8bdabe8c4eef0d7f3320b3a3907a5f8e82427d6f201df24f93', '["viewer"]', 'tenant2')`,
  `CREATE TABLE config_templates (
    key text PRIMARY KEY,
    tenant_id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    content text NOT NULL,
    default_parameters jsonb NOT NULL,
    version int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
  )`,
  `CREATE INDEX config_templates_tenant ON config_templates (tenant_id)`,
];

// Experiments and what hangs on them.

/** Statements that create the tables of experiments, in order. */
const experimentTables: readonly string[] = [
  `CREATE TABLE experiments (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    baseline_pipeline text NOT NULL,
    candidate_pipeline text NOT NULL,
    target_nodes jsonb NOT NULL,
    config jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    state_changed_at timestamptz NOT NULL,
    deadline_at timestamptz,
    init_started_at timestamptz,
    config_version int NOT NULL,
    applied_version int NOT NULL,
    event_seq int NOT NULL,
    lease_token int NOT NULL,
    lease_owner text,
    open boolean NOT NULL,
    announced boolean NOT NULL,
    deleted boolean NOT NULL,
    promoted_variant text
  )`,
  `CREATE INDEX experiments_open ON experiments (open)`,
  `CREATE INDEX experiments_tenant ON experiments (tenant_id)`,
  // An experiment that is not announced has no event of its creation yet: so that creating is one statement, its
  // row stands for that event until the next change or the sequencer writes it.
  `CREATE INDEX experiments_announced ON experiments (announced)`,
  // History of transitions and outbox in one: a row is written with the change it tells of. `position` is its
  // place among all events, given later by the sequencer.
  `CREATE TABLE experiment_events (
    experiment_id uuid NOT NULL,
    seq int NOT NULL,
    tenant_id text NOT NULL,
    type text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    triggered_by text NOT NULL,
    created_at timestamptz NOT NULL,
    sequenced boolean NOT NULL,
    position int,
    PRIMARY KEY (experiment_id, seq)
  )`,
  `CREATE INDEX experiment_events_experiment ON experiment_events (experiment_id)`,
  `CREATE INDEX experiment_events_sequenced ON experiment_events (sequenced)`,
  `CREATE INDEX experiment_events_position ON experiment_events (position)`,
  `CREATE TABLE event_cursor (id int PRIMARY KEY, last_position int NOT NULL)`,
  `INSERT INTO event_cursor (id, last_position) VALUES (1, 0)`,
  `CREATE TABLE generated_configs (
    experiment_id uuid NOT NULL,
    version int NOT NULL,
    baseline_config text NOT NULL,
    candidate_config text NOT NULL,
    overrides jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (experiment_id, version)
  )`,
  `CREATE TABLE experiment_results (
    experiment_id uuid PRIMARY KEY,
    results jsonb NOT NULL,
    recommendation text NOT NULL,
    created_at timestamptz NOT NULL
  )`,
];

// Deployments, loads, signals and retried requests.

/** Statements that create the tables of running things, in order. */
const operationTables: readonly string[] = [
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

/** Every statement of the schema. Times are parameters, so running them twice gives the same rows. */
export const migrations: readonly string[] = [...experimentTables, ...operationTables, ...accountTables];
