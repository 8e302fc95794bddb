-- What others must be told: a row of `deliveries` for each client that got tokens in a session, written in
-- the transaction of the event that ends what it got. An event that concerns more clients and sessions than
-- one transaction should go through is one row of `announcements` instead, and a job makes the rows. A row
-- of `destinations` is there while somebody delivers to a client, or has failed to.

-- When a client was to be told that it has nothing any more under its `sid`: until now only leaving was
-- written down. What it gets after that is another stay, with another `sid`.
ALTER TABLE participants RENAME COLUMN left_at TO over_at;
DROP INDEX participants_of_client;
CREATE INDEX participants_of_client ON participants (client_id, session_id);

-- A copy of what stands in the metadata, which `store` writes with the row: who is told at all.
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;
UPDATE clients SET backchannel_logout_uri = json_extract(metadata, '$.backchannel_logout_uri');

-- A person who is deleted has left already when the last of them arrives: `user_id` refers to nobody.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    sid TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    dead_at INTEGER
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (client_id, due_at, id) WHERE dead_at IS NULL;
CREATE INDEX deliveries_dead ON deliveries (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE destinations (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    due_at INTEGER NOT NULL,
    claimed_by BLOB,
    failures INTEGER NOT NULL
) STRICT;

CREATE TABLE announcements (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    after_session BLOB NOT NULL,
    after_client TEXT NOT NULL
) STRICT;
