-- The users of scripts/demo: psql -v rows=N -v comment=TEXT. Every value follows from the row's number.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS backfill CASCADE;
DROP TABLE IF EXISTS public.users;

CREATE TABLE public.users (
  id           bigserial PRIMARY KEY,
  email        text        NOT NULL,
  full_name    text        NOT NULL,
  country      char(2)     NOT NULL,
  created_at   timestamptz NOT NULL,
  last_seen_at timestamptz,
  profile      jsonb       NOT NULL DEFAULT '{}'
);

-- h is a fixed hash of the row's number: 64 well-mixed bits that the expressions below cut up.
INSERT INTO public.users (email, full_name, country, created_at, last_seen_at, profile)
SELECT
  CASE
    WHEN h % 50 = 0 THEN upper(first) || n || '@' || host || '   '
    WHEN h % 7 = 0 THEN '  ' || upper(first || '.' || last) || n || '@' || upper(host) || ' '
    WHEN h % 5 = 0 THEN initcap(first) || '.' || initcap(last) || n || '@' || initcap(host) || '  '
    WHEN h % 3 = 0 THEN first || left(last, 1) || n || '@' || initcap(host)
    ELSE first || '.' || last || n || '@' || host
  END,
  initcap(first) || ' ' || initcap(last),
  (ARRAY['de','fr','gb','in','jp','ng','pl','us','us','br'])[1 + h / 11 % 10],
  timestamptz '2015-01-01 00:00+00' + n * interval '97 seconds',
  CASE WHEN h % 4 > 0
    THEN timestamptz '2015-01-01 00:00+00' + n * interval '97 seconds' + h % 400 * interval '1 day'
  END,
  jsonb_build_object(
    'plan', (ARRAY['free','free','free','team','business'])[1 + h / 13 % 5],
    'locale', (ARRAY['de-DE','en-GB','en-US','fr-FR','ja-JP','pt-BR'])[1 + h / 17 % 6],
    'newsletter', h % 2 = 0,
    'logins', h / 19 % 5000)
FROM (
  SELECT n, h,
    (ARRAY['ada','alan','barbara','claude','dennis','edsger','frances','grace','hedy','ivan',
           'john','katherine','leslie','margaret','niklaus','radia'])[1 + h / 23 % 16] AS first,
    (ARRAY['allen','dijkstra','floyd','hamilton','hopper','johnson','knuth','lamarr','lamport',
           'liskov','lovelace','perlman','ritchie','shannon','turing','wirth'])[1 + h / 401 % 16]
      AS last,
    (ARRAY['example.com','example.net','example.org','mail.example','post.example'])[1 + h / 7001 % 5]
      AS host
  FROM (SELECT n, abs(hashint8extended(n, 20240229) / 2) AS h
        FROM generate_series(1, :rows) AS n) AS numbers
) AS people;

COMMENT ON TABLE public.users IS :'comment';
VACUUM ANALYZE public.users;
CHECKPOINT;
