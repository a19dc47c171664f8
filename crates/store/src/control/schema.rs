//! The tables of the control store, version 3.
//!
//! Ids are 16-byte blobs, times are ticks of 100 ns since 1970, secrets and tokens are SHA-256 hashes. A `NULL` time is
//! "not so far". Tables for users, grants, detectors and views are here from the start, so that the first stores need
//! no migration when those parts come.

/// The version of [`SCHEMA`], kept in `PRAGMA user_version`.
pub const SCHEMA_VERSION: i64 = 3;

/// `GtLc`, kept in `PRAGMA application_id`: says that a file is ours, and of this kind.
pub(super) const APPLICATION_ID: i64 = 0x4774_4C63;

/// What version 2 has beyond version 1: who vouched for users that signed in elsewhere.
pub(super) const FROM_1_TO_2: &str = "
CREATE TABLE outside_users (
    user      BLOB PRIMARY KEY REFERENCES users (object_id) ON DELETE CASCADE,
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    signed_in INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What version 3 has beyond version 2: one cursor of detection for each tenant, with its epoch, and snapshots of any name. The
/// tables of version 1 for that were never written to.
pub(super) const FROM_2_TO_3: &str = "
DROP TABLE cursors;
DROP TABLE snapshots;
CREATE TABLE detection_cursors (
    tenant BLOB PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    epoch  INTEGER NOT NULL,
    seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE detection_snapshots (
    tenant  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    as_of   INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (tenant, name, version)
) STRICT;
";

/// Makes all tables of version 1.
pub(super) const SCHEMA: &str = "
CREATE TABLE tenants (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    created      INTEGER NOT NULL,
    display_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_names (
    name     TEXT PRIMARY KEY,
    tenant   BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    UNIQUE (tenant, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_settings (
    tenant BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
    client_id   BLOB PRIMARY KEY CHECK (length(client_id) = 16),
    tenant      BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    object_id   BLOB NOT NULL UNIQUE CHECK (length(object_id) = 16),
    name        TEXT NOT NULL,
    client_type TEXT NOT NULL DEFAULT 'confidential' CHECK (client_type IN ('confidential', 'public')),
    created     INTEGER NOT NULL,
    disabled    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX apps_of_tenant ON apps (tenant, created);

CREATE TABLE app_secrets (
    app     BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    hint    TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    PRIMARY KEY (app, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_certificates (
    app        BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    thumbprint BLOB NOT NULL,
    public_key BLOB NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER,
    PRIMARY KEY (app, thumbprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_reply_addresses (
    app      BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    address  TEXT NOT NULL,
    PRIMARY KEY (app, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_permissions (
    app        BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('application', 'delegated')),
    permission TEXT NOT NULL,
    PRIMARY KEY (app, kind, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_roles (
    app  BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (app, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    object_id        BLOB PRIMARY KEY CHECK (length(object_id) = 16),
    tenant           BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    upn              TEXT NOT NULL COLLATE NOCASE,
    display_name     TEXT NOT NULL,
    given_name       TEXT,
    family_name      TEXT,
    created          INTEGER NOT NULL,
    disabled         INTEGER,
    password_hash    TEXT,
    password_changed INTEGER,
    totp_secret      BLOB,
    totp_last_step   INTEGER,
    failures         INTEGER NOT NULL DEFAULT 0,
    locked_until     INTEGER,
    last_sign_in     INTEGER,
    UNIQUE (tenant, upn)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_roles (
    user BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_passwords (
    id        BLOB PRIMARY KEY CHECK (length(id) = 16),
    user      BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    hint      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER,
    last_used INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX app_passwords_of_user ON app_passwords (user);

CREATE TABLE consents (
    user    BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    app     BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    scope   TEXT NOT NULL,
    granted INTEGER NOT NULL,
    PRIMARY KEY (user, app, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_to_app ON consents (app);

CREATE TABLE sessions (
    hash      BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user      BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user);
CREATE INDEX sessions_by_end ON sessions (expires);

CREATE TABLE authorization_codes (
    hash             BLOB PRIMARY KEY CHECK (length(hash) = 32),
    family           BLOB NOT NULL CHECK (length(family) = 16),
    app              BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    user             BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    reply_address    TEXT NOT NULL,
    resource         TEXT NOT NULL,
    scope            TEXT NOT NULL,
    nonce            TEXT,
    challenge        TEXT,
    challenge_method TEXT CHECK (challenge_method IN ('plain', 'S256')),
    created          INTEGER NOT NULL,
    expires          INTEGER NOT NULL,
    used             INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_codes_of_app ON authorization_codes (app);
CREATE INDEX authorization_codes_of_user ON authorization_codes (user);
CREATE INDEX authorization_codes_by_end ON authorization_codes (expires);

CREATE TABLE refresh_tokens (
    hash     BLOB PRIMARY KEY CHECK (length(hash) = 32),
    family   BLOB NOT NULL CHECK (length(family) = 16),
    app      BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    user     BLOB NOT NULL REFERENCES users (object_id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    scope    TEXT NOT NULL,
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    used     INTEGER,
    revoked  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_of_app ON refresh_tokens (app);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires);

CREATE TABLE device_codes (
    hash      BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user_code TEXT NOT NULL UNIQUE,
    tenant    BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    app       BLOB NOT NULL REFERENCES apps (client_id) ON DELETE CASCADE,
    user      BLOB REFERENCES users (object_id) ON DELETE CASCADE,
    resource  TEXT NOT NULL,
    scope     TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    last_poll INTEGER,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'declined', 'used'))
) STRICT, WITHOUT ROWID;
CREATE INDEX device_codes_of_app ON device_codes (app);
CREATE INDEX device_codes_of_user ON device_codes (user);
CREATE INDEX device_codes_of_tenant ON device_codes (tenant);
CREATE INDEX device_codes_by_end ON device_codes (expires);

CREATE TABLE revoked_tokens (
    token_id TEXT PRIMARY KEY,
    expires  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires);

CREATE TABLE signing_keys (
    kid       TEXT PRIMARY KEY,
    created   INTEGER NOT NULL,
    not_after INTEGER,
    file_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    tenant  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    source  TEXT NOT NULL,
    value   BLOB NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (tenant, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    tenant   BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    detector TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (tenant, detector)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    tenant   BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    detector TEXT NOT NULL,
    version  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    state    BLOB NOT NULL,
    PRIMARY KEY (tenant, detector, version)
) STRICT;

CREATE TABLE views (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    tenant     BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    owner      BLOB REFERENCES users (object_id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    definition TEXT NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX views_of_tenant ON views (tenant, name);
CREATE INDEX views_of_owner ON views (owner);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";
