DROP TABLE postponements;
DROP TABLE consent_sheets;
