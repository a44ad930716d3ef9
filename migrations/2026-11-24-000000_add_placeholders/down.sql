ALTER TABLE results DROP COLUMN placeholder;
