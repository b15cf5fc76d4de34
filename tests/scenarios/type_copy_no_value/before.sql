CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN public.positive AS bigint CHECK (value > 0);
CREATE TYPE public.pair AS (a integer, b text);
