-- The queries that docs/sql.md had for version 1 of the schema.

-- The largest objects
SELECT object_key, size FROM objects ORDER BY size DESC LIMIT 10;

-- Objects of the same content, judged by their ETags, and what one copy of each would save
SELECT etag, COUNT(*) AS copies, SUM(size) - MAX(size) AS wasted, MIN(object_key) AS first_key
FROM objects WHERE size > 0 GROUP BY etag, size HAVING COUNT(*) > 1 ORDER BY wasted DESC LIMIT 10;

-- What was added or replaced each day, of what still exists
SELECT DATE(changed_at) AS day, COUNT(*) AS objects, SUM(size) AS bytes
FROM objects GROUP BY DATE(changed_at) ORDER BY day;

-- By extension
SELECT LOWER(SUBSTRING_INDEX(object_key, '.', -1)) AS suffix, COUNT(*) AS objects, SUM(size) AS bytes
FROM objects WHERE object_key LIKE '%.%' GROUP BY suffix ORDER BY bytes DESC;

-- By top folder
SELECT SUBSTRING_INDEX(object_key, '/', 1) AS folder, COUNT(*) AS objects, SUM(size) AS bytes
FROM objects WHERE object_key LIKE '%/%' GROUP BY folder ORDER BY bytes DESC;

-- Not changed for a year
SELECT object_key, size, changed_at FROM objects
WHERE changed_at < UTC_TIMESTAMP() - INTERVAL 1 YEAR ORDER BY changed_at LIMIT 100;

-- How large objects are: by powers of ten
SELECT LENGTH(size) AS digits, COUNT(*) AS objects, SUM(size) AS bytes
FROM objects GROUP BY digits ORDER BY digits;

-- Deleted in the last week
SELECT CONVERT(key_bytes USING utf8mb4) AS object_key, changed_at, event
FROM states WHERE size IS NULL AND changed_at > UTC_TIMESTAMP() - INTERVAL 7 DAY ORDER BY changed_at;

-- Keys that differ in case only: they collide on some file systems
SELECT LOWER(object_key) AS same, COUNT(*) AS objects FROM objects GROUP BY same HAVING COUNT(*) > 1;

-- Empty objects
SELECT object_key, changed_at FROM objects WHERE size = 0 ORDER BY object_key;
