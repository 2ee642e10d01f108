/** Experiments and what hangs on them. */

/** Statements that create the tables of experiments, in order. */
export const experimentTables: readonly string[] = [
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
