-- What a page can show until the image is there: {"dominant_color": "#rrggbb", "thumbhash": base64}. NULL for
-- results that were made before.
ALTER TABLE results ADD COLUMN placeholder jsonb;
