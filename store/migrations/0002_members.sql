-- Processes that share this store. Each counts its beats; who does not beat for its lease is buried by a neighbour, and
-- its name never comes back: what it owned is free from then on.
CREATE TABLE members (
    boot_id TEXT PRIMARY KEY,
    beat BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL
);
