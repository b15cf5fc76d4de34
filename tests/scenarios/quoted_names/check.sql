SELECT count(*) = 5000 AS every_row_is_set FROM "Größen & Maße"."Order ""Items"" %s $1"
  WHERE "Name, neu" = 'it''s ' || "Id #" || ' – „' || "Id #" AND "Länge (cm)" = "Id #" * 2.5;
SELECT count(*) = 5000 AS no_row_is_lost FROM "Größen & Maße"."Order ""Items"" %s $1";
