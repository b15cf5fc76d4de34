-- One table for each pair of types that people change, with values at the edges of the old one.
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN public.positive AS bigint CHECK (value > 0);
CREATE TYPE public.pair AS (a integer, b text);
CREATE FUNCTION public.make(name text, old text, vals text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE public.%I (id bigint PRIMARY KEY, v %s)', name, old);
  EXECUTE format('INSERT INTO public.%I SELECT row_number() OVER (), x FROM unnest(%s) AS x',
                 name, vals);
END $$;
SELECT make('int_bigint', 'integer', 'ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]');
SELECT make('int_numeric', 'integer', 'ARRAY[NULL, 0, -2147483648, 2147483647]::integer[]');
SELECT make('varchar_text', 'varchar(20)', 'ARRAY[NULL, '''', ''x'', ''twenty characters ok'']::varchar(20)[]');
SELECT make('text_varchar', 'text', 'ARRAY[NULL, '''', ''twenty characters ok'']');
SELECT make('numeric_double', 'numeric', 'ARRAY[NULL, 0, ''NaN'', 12345.5, -0.25]::numeric[]');
SELECT make('double_numeric', 'double precision', 'ARRAY[NULL, 0, ''NaN'', 0.1, -1e15]::float8[]');
SELECT make('timestamp_timestamptz', 'timestamp', 'ARRAY[NULL, ''infinity'', ''-infinity'', ''2024-10-27 02:30'', ''1970-01-01'']::timestamp[]');
SELECT make('text_uuid', 'text', 'ARRAY[NULL, ''A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'']');
SELECT make('text_jsonb', 'text', 'ARRAY[NULL, ''{"b": 1, "a": [1, 2.50]}'', ''null'', ''""'']');
SELECT make('json_jsonb', 'json', 'ARRAY[NULL, ''{"b": 1, "b": 2}'', ''[]'']::json[]');
SELECT make('char_text', 'char(5)', 'ARRAY[NULL, '''', ''a'', ''abcde'']::char(5)[]');
SELECT make('text_enum', 'text', 'ARRAY[NULL, ''sad'', ''happy'']');
SELECT make('enum_text', 'mood', 'ARRAY[NULL, ''sad'', ''ok'']::mood[]');
SELECT make('money_numeric', 'money', 'ARRAY[NULL, ''$0.00'', ''-$12.34'', ''$92233720368547758.07'']::money[]');
SELECT make('text_inet', 'text', 'ARRAY[NULL, ''10.0.0.1'', ''::1'', ''10.1.0.0/16'']');
SELECT make('text_bytea', 'text', 'ARRAY[NULL, '''', ''x'']');
SELECT make('intarray_bigintarray', 'text', 'ARRAY[NULL, ''{}'', ''{1,NULL,3}'']');
SELECT make('bigint_domain', 'bigint', 'ARRAY[NULL, 1, 9223372036854775807]::bigint[]');
SELECT make('text_pair', 'text', 'ARRAY[NULL, ''(1,x)'', ''(,)'']');
SELECT make('real_double', 'real', 'ARRAY[NULL, ''Infinity'', ''-Infinity'', ''NaN'', 0.1, 3.4e38]::real[]');
SELECT make('date_timestamptz', 'date', 'ARRAY[NULL, ''infinity'', ''2024-02-29'']::date[]');
SELECT make('bool_int', 'boolean', 'ARRAY[NULL, true, false]');
SELECT make('interval_text', 'interval', 'ARRAY[NULL, ''1 year 2 mons 3 days'', ''-1.5s'']::interval[]');
