/** Tenants, users and stored templates, with the accounts that every installation starts with. */

/** Statements that create the tables of people, in order. */
export const accountTables: readonly string[] = [
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
