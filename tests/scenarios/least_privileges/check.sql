SELECT count(*) = 20000 AS all_are_done FROM "Shop".users WHERE "emailNormalized" = lower(trim(email));
