/** The platform's own schema and the shapes of its statements. */
import { migrations } from "../../../src/store/index.js";
import type { Script } from "./transcript.js";

const experiment = "550e8400-e29b-41d4-a716-446655440000";
const at = "2024-05-06T07:08:09.123Z";

const schema = migrations.map((text) => `a: ${text.replace(/\s+/g, " ")}`);

const insertExperiment = `a: INSERT INTO experiments (id, tenant_id, name, description, state, reason, baseline_pipeline, candidate_pipeline, target_nodes, config, created_by, created_at, updated_at, state_changed_at, config_version, applied_version, event_seq, lease_token, open, deleted) VALUES ($1, $2, $3, $4, 'pending', '', $5, $6, $7, $8, $9, $10, $10, $10, 0, 0, 1, 0, true, false) <- ["${experiment}","t1","n","d","b","c","[\\"node1\\"]","{\\"b\\":1,\\"a\\":{}}","u","${at}"]`;

function script(name: string, ...steps: string[]): Script {
  return { feature: "platform", name, steps: [...schema, insertExperiment, ...steps] };
}

/** Every kind of statement that the platform sends, on its own schema. */
export const platform: readonly Script[] = [
  script(
    "an experiment is read and moved on",
    `a: SELECT * FROM experiments WHERE id = $1 <- ["${experiment}"]`,
    `a: SELECT id, state, created_by, created_at FROM experiments WHERE tenant_id = $1 AND deleted = false <- ["t1"]`,
    "a: SELECT * FROM experiments WHERE open = true",
    `a: UPDATE experiments SET state = $4, reason = $5, state_changed_at = $6, updated_at = $6, deadline_at = $7, started_at = COALESCE(started_at, $8), completed_at = COALESCE(completed_at, $9), event_seq = event_seq + 1, lease_token = lease_token + 1, lease_owner = NULL WHERE id = $1 AND state = $2 AND lease_token = $3 RETURNING * <- ["${experiment}","pending",0,"running","why","${at}",null,"${at}",null]`,
    `a: UPDATE experiments SET lease_owner = $2, lease_token = lease_token + 1 WHERE id = $1 AND (lease_owner IS NULL OR lease_owner = $2) AND open = true RETURNING * <- ["${experiment}","me"]`,
    `a: UPDATE experiments SET lease_owner = NULL, open = false WHERE id = $1 AND lease_token = $2 <- ["${experiment}",2]`,
    insertExperiment,
  ),
  script(
    "two replicas claim one experiment",
    "a: begin",
    "b: begin",
    `a: UPDATE experiments SET lease_owner = $2, lease_token = lease_token + 1 WHERE id = $1 AND lease_token = $3 AND open = true RETURNING lease_token <- ["${experiment}","a",0]`,
    `b: UPDATE experiments SET lease_owner = $2, lease_token = lease_token + 1 WHERE id = $1 AND lease_token = $3 AND open = true RETURNING lease_token <- ["${experiment}","b",0]`,
    "a: commit",
    "b: commit",
  ),
  script(
    "events are placed by one sequencer at a time",
    `a: INSERT INTO experiment_events (experiment_id, seq, tenant_id, type, from_state, to_state, reason, triggered_by, created_at, sequenced) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, false) <- ["${experiment}",1,"t1","created",null,"pending","","u","${at}"]`,
    "a: begin",
    "b: begin",
    "a: SELECT last_position FROM event_cursor WHERE id = 1 FOR UPDATE",
    "b: SELECT last_position FROM event_cursor WHERE id = 1 FOR UPDATE",
    "a: SELECT experiment_id, seq, created_at FROM experiment_events WHERE sequenced = false",
    `a: UPDATE experiment_events SET position = $3, sequenced = true WHERE experiment_id = $1 AND seq = $2 <- ["${experiment}",1,1]`,
    "a: UPDATE event_cursor SET last_position = $1 WHERE id = 1 <- [1]",
    "a: commit",
    "b: SELECT experiment_id, seq FROM experiment_events WHERE sequenced = false",
    "b: commit",
    "a: SELECT * FROM experiment_events WHERE position IN ($1, $2, $3, $4, $5, $6, $7, $8) <- [1,2,3,4,5,6,7,8]",
  ),
  script(
    "a request is retried",
    "a: begin",
    `a: INSERT INTO idempotency_keys (scope, body_hash, experiment_id, reply, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING <- ["k","h","${experiment}","{}","${at}"]`,
    `b: INSERT INTO idempotency_keys (scope, body_hash, experiment_id, reply, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING <- ["k","h","${experiment}","{}","${at}"]`,
    "a: commit",
    'b: SELECT scope, body_hash, experiment_id, reply FROM idempotency_keys WHERE scope = $1 <- ["k"]',
  ),
  script(
    "users, templates, deployments",
    'a: SELECT * FROM users WHERE email = $1 <- ["admin@phoenix.io"]',
    'a: INSERT INTO users (id, email, username, name, password_hash, roles, tenant_id) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING <- ["x","admin@phoenix.io","y","n","h","[]","t"]',
    `a: INSERT INTO config_templates (key, tenant_id, name, description, content, default_parameters, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7) ON CONFLICT DO NOTHING <- ["k","t","n","d","c","{}","${at}"]`,
    `a: UPDATE config_templates SET description = $2, content = $3, default_parameters = $4, version = version + 1, updated_at = $5 WHERE key = $1 AND version = $6 RETURNING * <- ["k","d2","c2","{\\"x\\":1}","${at}",1]`,
    'a: DELETE FROM config_templates WHERE key = $1 <- ["k"]',
    `a: INSERT INTO pipeline_deployments (id, tenant_id, experiment_id, variant, deployment_name, live_name, namespace, pipeline_name, target_nodes, parameters, resources, status, phase, ready_nodes, total_nodes, applied_version, endpoints, scraped, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '{}', false, $17, $18, $19) ON CONFLICT DO NOTHING <- ["d1","t",null,"baseline","d","t/d","ns","p","[]","{}","{}","pending","new",0,1,0,"u","${at}","${at}"]`,
    `a: UPDATE pipeline_deployments SET live_name = NULL, status = 'deleting', phase = 'terminated', ready_nodes = 0, updated_at = $2 WHERE id = $1 AND live_name IS NOT NULL <- ["d1","${at}"]`,
    "a: SELECT experiment_id, variant, endpoints FROM pipeline_deployments WHERE scraped = true",
  ),
];
