-- One column for each pair of types that people change, with values at the edges of the old one.
-- The lists are of different lengths: the shorter ones end in NULLs.
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN public.positive AS bigint CHECK (value > 0);
CREATE TYPE public.pair AS (a integer, b text);
CREATE TABLE public.pairs AS
SELECT row_number() OVER () AS id, * FROM ROWS FROM (
  unnest(ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]),
  unnest(ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]),
  unnest(ARRAY[NULL, '', 'x', 'twenty characters ok']::varchar(20)[]),
  unnest(ARRAY[NULL, '', 'twenty characters ok']),
  unnest(ARRAY[NULL, 0, 'NaN', 12345.5, -0.25]::numeric[]),
  unnest(ARRAY[NULL, 0, 'NaN', 0.1, -1e15]::float8[]),
  unnest(ARRAY[NULL, 'infinity', '-infinity', '2024-10-27 02:30', '1970-01-01']::timestamp[]),
  unnest(ARRAY[NULL, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11']),
  unnest(ARRAY[NULL, '{"b": 1, "a": [1, 2.50]}', 'null', '""']),
  unnest(ARRAY[NULL, '{"b": 1, "b": 2}', '[]']::json[]),
  unnest(ARRAY[NULL, '', 'a', 'abcde']::char(5)[]),
  unnest(ARRAY[NULL, 'sad', 'happy']),
  unnest(ARRAY[NULL, 'sad', 'ok']::mood[]),
  unnest(ARRAY[NULL, '$0.00', '-$12.34', '$92233720368547758.07']::money[]),
  unnest(ARRAY[NULL, '10.0.0.1', '::1', '10.1.0.0/16']),
  unnest(ARRAY[NULL, '', 'x']),
  unnest(ARRAY[NULL, '{}', '{1,NULL,3}']),
  unnest(ARRAY[NULL, 1, 9223372036854775807]::bigint[]),
  unnest(ARRAY[NULL, '(1,x)', '(,)']),
  unnest(ARRAY[NULL, 'Infinity', '-Infinity', 'NaN', 0.1, 3.4e38]::real[]),
  unnest(ARRAY[NULL, 'infinity', '2024-02-29']::date[]),
  unnest(ARRAY[NULL, true, false]),
  unnest(ARRAY[NULL, '1 year 2 mons 3 days', '-1.5s']::interval[])
) AS v (int_bigint, int_numeric, varchar_text, text_varchar, numeric_double, double_numeric,
        timestamp_timestamptz, text_uuid, text_jsonb, json_jsonb, char_text, text_enum, enum_text,
        money_numeric, text_inet, text_bytea, text_bigintarray, bigint_domain, text_pair,
        real_double, date_timestamptz, bool_int, interval_text);
ALTER TABLE public.pairs ADD PRIMARY KEY (id);
ANALYZE;
