-- An older program knows no launches.
DELETE FROM token_families WHERE id IN (
    SELECT family_id FROM one_time_credentials WHERE kind = 'launch_code'
);
DELETE FROM one_time_credentials WHERE kind = 'launch_code';
ALTER TABLE participants DROP COLUMN left_at;
