-- A row of the log says what it does: its effect, of whom, and the lowest effect version that can
-- obey it (`src/store/events/effect.rs`). Everybody obeys that; the kind is for people. A row that
-- says nothing about itself can be obeyed by nobody.
ALTER TABLE events ADD COLUMN effect TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN effect_version INTEGER NOT NULL DEFAULT 2147483647;

UPDATE events SET
    effect_version = 1,
    effect = CASE kind
        WHEN 'session_ended' THEN 'end'
        WHEN 'family_ended' THEN 'end'
        WHEN 'token_revoked' THEN 'end'
        WHEN 'session_left' THEN 'not_before'
        WHEN 'grant_ended' THEN 'not_before'
        WHEN 'user_disabled' THEN 'not_before'
        WHEN 'user_cut' THEN 'not_before'
        WHEN 'client_cut' THEN 'not_before'
        WHEN 'all_cut' THEN 'not_before'
        WHEN 'grant_changed' THEN 'narrow'
        WHEN 'client_changed' THEN 'reload'
        WHEN 'keys_changed' THEN 'reload'
        WHEN 'profile_changed' THEN 'reload'
    END,
    target = CASE kind
        WHEN 'session_ended' THEN 'session:' || encode(session_id, 'hex')
        WHEN 'family_ended' THEN 'family:' || encode(family_id, 'hex')
        WHEN 'token_revoked' THEN 'token:' || encode(token_digest, 'hex')
        WHEN 'session_left' THEN 'client_in_session:' || encode(session_id, 'hex') || ':' || client_id
        WHEN 'grant_ended' THEN 'grant:' || encode(grant_id, 'hex')
        WHEN 'user_disabled' THEN 'user:' || encode(user_id, 'hex')
        WHEN 'user_cut' THEN 'user:' || encode(user_id, 'hex')
        WHEN 'client_cut' THEN 'client:' || client_id
        WHEN 'all_cut' THEN 'all'
        WHEN 'grant_changed' THEN 'grant:' || encode(grant_id, 'hex')
        WHEN 'client_changed' THEN 'client:' || client_id
        WHEN 'keys_changed' THEN 'keys'
        WHEN 'profile_changed' THEN 'profile:' || encode(user_id, 'hex')
    END;

-- Nobody asks for kinds, users or clients any more. `token_digest` is said by the target; the column
-- stays empty from now on, and goes with the next release.
DROP INDEX events_of_user;
DROP INDEX events_of_client;
DROP INDEX events_of_token;
DROP INDEX events_of_kind;
CREATE INDEX events_by_effect ON events (effect, target, position);
CREATE INDEX events_by_effect_version ON events (effect_version);

-- Which family is the oldest: not-before marks from before it are of no use any more.
CREATE INDEX token_families_by_log_position ON token_families (log_position);
