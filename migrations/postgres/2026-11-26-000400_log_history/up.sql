-- The log has a history: which log this is, so that one that went back is noticed (a failover that
-- lost its tail, a copy that was put back), and what was given out in the lost time is worth nothing.

-- One row for each time that the log began anew; the latest is the one that counts. `id` is drawn,
-- so that two copies that went on apart have different ones. Sessions and families of numbers before
-- `sessions_from` are dead; events up to `purged_to` may have been removed because of their age.
CREATE TABLE histories (
    number INTEGER NOT NULL PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    began_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    sessions_from INTEGER NOT NULL,
    purged_to BIGINT NOT NULL
);
INSERT INTO histories (number, id, began_at, reason, sessions_from, purged_to)
    SELECT 1, ('x' || replace(substr(gen_random_uuid()::text, 20), '-', ''))::bit(64)::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 'first', 1,
        coalesce(max(position) - 1, 0)
    FROM events;

-- Drawn for each row: another row in the same place has another one.
ALTER TABLE events ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;
UPDATE events SET mark = ('x' || replace(substr(gen_random_uuid()::text, 20), '-', ''))::bit(64)::bigint;

-- How far a node has read, with the history and the mark.
ALTER TABLE nodes ADD COLUMN history BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;

-- The history in which they began. What there is belongs to the first.
ALTER TABLE sessions ADD COLUMN history INTEGER NOT NULL DEFAULT 1;
ALTER TABLE token_families ADD COLUMN history INTEGER NOT NULL DEFAULT 1;

-- Whose installation this is; none until the first start.
ALTER TABLE installation ADD COLUMN issuer TEXT;
