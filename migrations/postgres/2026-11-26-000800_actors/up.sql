-- Who acted, from where. `actor` stays the kind; `actor_identity` says which one: a user's id, a
-- client_id, an operator's name. `came_from` is a document: an address, or the machine and the command.

ALTER TABLE audit ADD COLUMN actor_identity TEXT;
ALTER TABLE audit ADD COLUMN came_from TEXT NOT NULL DEFAULT '{}';
UPDATE audit SET actor_identity = client_id WHERE actor = 'client';
CREATE INDEX audit_of_actor ON audit (actor, actor_identity, at);
