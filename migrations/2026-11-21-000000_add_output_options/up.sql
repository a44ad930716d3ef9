-- What a request asks for beyond its image id: the id holds a fingerprint of it.
ALTER TABLE jobs ADD COLUMN options jsonb NOT NULL DEFAULT '{}';

-- The field of the request that a failure is about.
ALTER TABLE jobs ADD COLUMN error_field text;

-- The measured visual quality; NULL where it was not measured.
ALTER TABLE results ADD COLUMN score real;
