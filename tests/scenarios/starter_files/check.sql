SELECT count(*) = 5000 AND bool_and(slug = replace(lower(name), ' ', '-')) AS slugs_are_there FROM people;
SELECT pg_typeof(score) = 'double precision'::regtype AS score_is_double FROM people LIMIT 1;
