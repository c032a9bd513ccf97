-- The bucket of each key. The rows from before are of the bucket of its own, `{bucket}`, and so are
-- those of a writer of the version before, which may still run: it names no bucket, and gets the
-- default. One statement, so that it happens as a whole or not at all; MySQL and MariaDB copy the
-- table while it is read and written. The primary key is the bucket's keys in order; `by_key` is for
-- queries that name no bucket.
ALTER TABLE states
    ADD COLUMN bucket VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '{bucket}',
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (bucket, key_bytes),
    ADD KEY by_key (key_bytes);

-- Without a bucket of its own, rows from before are of one that is no longer in the catalog.
DELETE FROM states WHERE bucket = '';

-- The bucket comes last: the other columns stay where they were for `SELECT *`.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW objects AS
SELECT
    CONVERT(key_bytes USING utf8mb4) COLLATE utf8mb4_bin AS object_key,
    size,
    etag,
    version_id,
    changed_at,
    event,
    key_bytes,
    bucket
FROM states
WHERE size IS NOT NULL;
