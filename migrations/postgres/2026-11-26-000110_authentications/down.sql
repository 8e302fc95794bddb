-- The time of the first method stands for all of them.

ALTER TABLE sessions
    ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN acr TEXT NOT NULL DEFAULT '';
UPDATE sessions SET
    authenticated_at = (authentication::jsonb #>> '{methods,0,at}')::bigint,
    acr = authentication::jsonb ->> 'acr';
ALTER TABLE sessions DROP COLUMN authentication;

UPDATE token_families SET authorized = (
    authorized::jsonb - 'authentication' || jsonb_build_object(
        'authenticated_at', authorized::jsonb #> '{authentication,methods,0,at}',
        'acr', authorized::jsonb #> '{authentication,acr}'
    )
)::text;
