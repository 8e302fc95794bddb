DROP INDEX clients_by_name;
ALTER TABLE clients DROP COLUMN folded_name;
ALTER TABLE clients DROP COLUMN name;
DROP INDEX publishers_by_name;
ALTER TABLE publishers DROP COLUMN folded_name;
