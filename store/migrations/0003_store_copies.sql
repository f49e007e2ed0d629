-- A copy of another store into this one, while it is not finished: how far each table has come. Empty otherwise.
CREATE TABLE store_copies (
    table_name TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    last_key TEXT,
    copied BIGINT NOT NULL,
    is_whole BIGINT NOT NULL
);
