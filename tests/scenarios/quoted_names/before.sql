CREATE SCHEMA "Größen & Maße";
CREATE TABLE "Größen & Maße"."Order ""Items"" %s $1" (
  "Id #"       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "select"     text NOT NULL,
  "Länge (cm)" numeric,
  "数量"       int
);
INSERT INTO "Größen & Maße"."Order ""Items"" %s $1" ("select", "数量")
SELECT 'it''s ' || n, n FROM generate_series(1, 5000) AS n;
