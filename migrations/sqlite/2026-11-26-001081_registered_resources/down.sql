DROP INDEX clients_by_resource;
ALTER TABLE clients DROP COLUMN resource;
