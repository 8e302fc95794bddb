DROP INDEX refusals_by_age;
DROP INDEX refresh_tokens_superseded;
DROP INDEX token_families_ended;
DROP INDEX grants_ended;
DROP INDEX sessions_ended;
