-- How many streams of session events each node has open, by client, as it said at its last heartbeat. It
-- refers to no client: a stream may be open for a moment after its client was deleted.

CREATE TABLE node_streams (
    node_id BLOB NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    hosts INTEGER NOT NULL,
    programs INTEGER NOT NULL,
    backends INTEGER NOT NULL,
    PRIMARY KEY (node_id, client_id)
) STRICT;
CREATE INDEX node_streams_of_client ON node_streams (client_id);
