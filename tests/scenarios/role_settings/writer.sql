\set id random(1, 40000)
UPDATE counted SET filler = filler || '.' WHERE id = :id;
