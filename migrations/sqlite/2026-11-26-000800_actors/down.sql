DROP INDEX audit_of_actor;
ALTER TABLE audit DROP COLUMN came_from;
ALTER TABLE audit DROP COLUMN actor_identity;
