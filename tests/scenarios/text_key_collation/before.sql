-- The order of "C", of a language and of the database differ on all of these words; only the server
-- may compare them.
CREATE TABLE public.words (
  country text COLLATE "C"          NOT NULL,
  word    text COLLATE "en-US-x-icu" NOT NULL,
  suffix  text                       NOT NULL,
  length  int,
  PRIMARY KEY (country, word, suffix)
);
INSERT INTO public.words (country, word, suffix)
SELECT country, stem || CASE WHEN n % 2 = 0 THEN '' ELSE '-' END || n, suffix
FROM unnest(ARRAY['de', 'DE', 'É', '', ' ']) AS country,
  unnest(ARRAY['a', 'A', 'ä', 'Ä', 'z', 'Z', 'ß', 'ss', '', ' ', '-', '_', '日本', '\', '{a,"b"}',
               '''']) AS stem,
  unnest(ARRAY['', 'x', 'X ']) AS suffix,
  generate_series(1, 60) AS n;
ANALYZE public.words;
