-- Times (…_at, …_until) are Unix milliseconds; JSON and sealed bytes are TEXT.

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- One row that changes, to find out whether the disk takes writes.
CREATE TABLE writable_probe (
    count BIGINT NOT NULL
);
INSERT INTO writable_probe VALUES (0);

CREATE TABLE checkpoints (
    task TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    saved_at BIGINT NOT NULL
);

-- Inbox and outbox are two of these queues. A finished item stays as a tombstone for a while: its key is the proof
-- that it was here before.
CREATE TABLE queue_items (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    lane BIGINT NOT NULL,
    position BIGINT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    put_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    settled_at BIGINT,
    error TEXT,
    PRIMARY KEY (queue, key)
);
CREATE UNIQUE INDEX queue_items_waiting ON queue_items (queue, lane, position) WHERE state = 'waiting';
CREATE INDEX queue_items_finished ON queue_items (settled_at) WHERE state = 'finished';
CREATE INDEX queue_items_buried ON queue_items (queue, settled_at) WHERE state = 'buried';

-- What was done outside, so that nothing is done twice. The key says what the effect is.
CREATE TABLE effects (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    owner BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    payload TEXT NOT NULL,
    epoch BIGINT,
    boot_id TEXT,
    reason TEXT,
    external_id TEXT,
    planned_at BIGINT NOT NULL,
    sending_at BIGINT,
    settled_at BIGINT,
    PRIMARY KEY (kind, key)
);
CREATE INDEX effects_owner ON effects (kind, owner, planned_at);
CREATE INDEX effects_open ON effects (owner, state) WHERE state IN ('planned', 'sending', 'ambiguous');
-- Of people who were forgotten: their keys are disguised and belong to nobody.
CREATE INDEX effects_disguised ON effects (key) WHERE owner = 0;

CREATE TABLE journals (
    name TEXT PRIMARY KEY,
    lane BIGINT NOT NULL,
    script TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    version BIGINT NOT NULL,
    passed TEXT NOT NULL,
    state TEXT NOT NULL,
    said BIGINT NOT NULL,
    question TEXT,
    opened_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX journals_lane ON journals (lane);

CREATE TABLE journal_entries (
    journal TEXT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (journal, position)
);

CREATE TABLE timers (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    lane BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX timers_due ON timers (due_at);
CREATE INDEX timers_lane ON timers (lane);

CREATE TABLE cursors (
    stream TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    moved_at BIGINT NOT NULL
);

CREATE TABLE users (
    user_id BIGINT PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    language TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    blocked_at BIGINT,
    deleted_at BIGINT
);

CREATE TABLE consents (
    user_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    version TEXT NOT NULL,
    is_given BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, purpose)
);

CREATE TABLE data_keys (
    user_id BIGINT PRIMARY KEY,
    wrapped_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A person's resume as the hunt uses it: fetched from a board or pasted.
CREATE TABLE profiles (
    user_id BIGINT PRIMARY KEY,
    source TEXT NOT NULL,
    resume_id TEXT,
    title TEXT NOT NULL,
    sealed_resume TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- user_id 0 is the application's own account at the board.
CREATE TABLE board_accounts (
    user_id BIGINT NOT NULL,
    board TEXT NOT NULL,
    state TEXT NOT NULL,
    mode TEXT NOT NULL,
    sealed_tokens TEXT NOT NULL,
    expires_at BIGINT,
    refresh_began_at BIGINT,
    external_id TEXT,
    version BIGINT NOT NULL,
    connected_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, board)
);

CREATE TABLE oauth_states (
    state TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    board TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Wish and fact apart: a shutdown changes facts, never wishes.
CREATE TABLE hunts (
    user_id BIGINT PRIMARY KEY,
    board TEXT NOT NULL,
    wish TEXT NOT NULL,
    wish_by TEXT NOT NULL,
    wish_reason TEXT NOT NULL,
    wished_at BIGINT NOT NULL,
    approval TEXT NOT NULL,
    query TEXT NOT NULL,
    daily_limit BIGINT,
    excluded TEXT NOT NULL,
    version BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    step TEXT NOT NULL,
    searched_at BIGINT,
    next_search_at BIGINT,
    rests_until BIGINT,
    rest_reason TEXT,
    rest_link TEXT
);
CREATE INDEX hunts_wish ON hunts (wish);

CREATE TABLE vacancies (
    user_id BIGINT NOT NULL,
    board TEXT NOT NULL,
    vacancy_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    title TEXT NOT NULL,
    employer_id TEXT,
    employer TEXT NOT NULL,
    salary TEXT,
    url TEXT NOT NULL,
    sealed_letter TEXT,
    found_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- How many letters took the place of the first one: a card shows one of them, and sends no other.
    letter_number BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, board, vacancy_id)
);
CREATE INDEX vacancies_state ON vacancies (user_id, state, changed_at);

CREATE TABLE quarantine (
    child TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    error TEXT NOT NULL,
    failures BIGINT NOT NULL,
    since_at BIGINT NOT NULL,
    next_probe_at BIGINT NOT NULL
);

-- Messages that are edited later: which message of a chat is the status card, or asks the open question.
CREATE TABLE cards (
    chat_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    message_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (chat_id, name)
);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    verb TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL
);

CREATE TABLE usage (
    id TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    outcome TEXT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL
);
CREATE INDEX usage_at ON usage (at);
CREATE INDEX usage_user ON usage (user_id, at);
CREATE INDEX audit_at ON audit (at);
