-- One column for each pair of types that people change, with values at the edges of the old one.
-- The lists are of different lengths: the shorter ones end in NULLs.
CREATE EXTENSION citext;
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN public.positive AS bigint CHECK (value > 0);
CREATE TYPE public.pair AS (a integer, b text);
CREATE TABLE public.pairs AS
SELECT row_number() OVER () AS id, * FROM ROWS FROM (
  unnest(ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]),
  unnest(ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]),
  unnest(ARRAY[NULL, '', 'x', 'twenty characters ok', ' ünïcödé 🎉 ']::varchar(20)[]),
  unnest(ARRAY[NULL, '', 'twenty characters ok']),
  unnest(ARRAY[NULL, 0, 'NaN', 12345.5, -0.25, 'Infinity', '-Infinity', 1e308, 1e-300,
               12345678901234567890.123456789]::numeric[]),
  unnest(ARRAY[NULL, 0, 'NaN', 0.1, -1e15, 'Infinity', '-Infinity', 1.7976931348623157e308, 5e-324,
               '-0']::float8[]),
  unnest(ARRAY[NULL, 'infinity', '-infinity', '2024-10-27 02:30', '1970-01-01',
               '294276-12-30 23:59:59.999999', '4713-01-02 BC']::timestamp[]),
  unnest(ARRAY[NULL, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11']),
  unnest(ARRAY[NULL, '{"b": 1, "a": [1, 2.50]}', 'null', '""']),
  unnest(ARRAY[NULL, '{"b": 1, "b": 2}', '[]']::json[]),
  unnest(ARRAY[NULL, '', 'a', 'abcde']::char(5)[]),
  unnest(ARRAY[NULL, 'sad', 'happy']),
  unnest(ARRAY[NULL, 'sad', 'ok']::mood[]),
  unnest(ARRAY[NULL, '$0.00', '-$12.34', '$92233720368547758.07',
               '-$92233720368547758.08']::money[]),
  unnest(ARRAY[NULL, '10.0.0.1', '::1', '10.1.0.0/16']),
  unnest(ARRAY[NULL, '', 'x']),
  unnest(ARRAY[NULL, '{}', '{1,NULL,3}']),
  unnest(ARRAY[NULL, 1, 9223372036854775807]::bigint[]),
  unnest(ARRAY[NULL, '(1,x)', '(,)']),
  unnest(ARRAY[NULL, 'Infinity', '-Infinity', 'NaN', 0.1, 3.4e38, 1.4e-45, '-0']::real[]),
  unnest(ARRAY[NULL, 'infinity', '-infinity', '2024-02-29', '294276-12-31', '4713-01-02 BC']::date[]),
  unnest(ARRAY[NULL, true, false]),
  unnest(ARRAY[NULL, '1 year 2 mons 3 days', '-1.5s']::interval[]),
  unnest(ARRAY[NULL, '', 'Ab', 'aB', 'ÄÖ']),
  unnest(ARRAY[NULL, '', 'Ab', 'aB', 'ÄÖ']::citext[]),
  unnest(ARRAY[NULL, '', '\x00ff', '\x2761']::bytea[]),
  unnest(ARRAY[NULL, '{}', '{1,NULL,2147483647}', '[2:3]={4,5}', '{{1,2},{3,4}}']),
  unnest(ARRAY[NULL, 1, 9223372036854775807]::positive[]),
  unnest(ARRAY[NULL, '(1,x)', '(,"")', '(-2147483648,"a ""b"", c")']),
  unnest(ARRAY[NULL, '(1,x)', '(,"")', '(,)']),
  unnest(ARRAY[NULL, 'infinity', '-infinity', '2024-10-27 02:30+02', '1970-01-01 00:00Z']::timestamptz[]),
  unnest(ARRAY[NULL, -9223372036854775808, 9223372036854775807]::bigint[]),
  unnest(ARRAY[NULL, 0, -32768, 32767]::smallint[]),
  unnest(ARRAY[NULL, '1', '1.50', '-0', '1e-3', 'NaN']),
  unnest(ARRAY[NULL, '10', '111', '0']::bit varying[])
) AS v (int_bigint, int_numeric, varchar_text, text_varchar, numeric_double, double_numeric,
        timestamp_timestamptz, text_uuid, text_jsonb, json_jsonb, char_text, text_enum, enum_text,
        money_numeric, text_inet, text_bytea, text_bigintarray, bigint_domain, text_pair,
        real_double, date_timestamptz, bool_int, interval_text, text_citext, citext_text,
        bytea_text, text_intarray, domain_bigint, pair_text, pair_json, timestamptz_timestamp,
        bigint_numeric, smallint_text, text_numeric, varbit_text);
ALTER TABLE public.pairs ALTER text_intarray TYPE integer[] USING text_intarray::integer[],
  ALTER pair_text TYPE pair USING pair_text::pair, ALTER pair_json TYPE pair USING pair_json::pair;
ALTER TABLE public.pairs RENAME text_intarray TO intarray_bigintarray;
ALTER TABLE public.pairs ADD PRIMARY KEY (id);
ANALYZE;
