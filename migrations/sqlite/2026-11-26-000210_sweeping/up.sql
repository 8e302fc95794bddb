-- What has ended is found by when it ended, so that it can go.

CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX grants_ended ON grants (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX token_families_ended ON token_families (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX refresh_tokens_superseded ON refresh_tokens (expires_at) WHERE superseded_at IS NOT NULL;
CREATE INDEX refusals_by_age ON refusals (refused_at);
