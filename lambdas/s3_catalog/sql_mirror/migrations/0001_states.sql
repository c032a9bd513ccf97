-- The newest state known of each key, whether it exists or was deleted: then size is NULL.
-- Keys are their bytes, so that no collation takes two of them for one: case, accents, trailing
-- spaces and emoji all count. `place` is where the state stands in the order of its key.
CREATE TABLE IF NOT EXISTS states (
    key_bytes VARBINARY(1024) NOT NULL,
    size BIGINT NULL,
    etag VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
    version_id VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NULL,
    changed_at DATETIME(3) NOT NULL,
    event VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    place CHAR(52) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (key_bytes),
    KEY by_size (size),
    KEY by_etag (etag),
    KEY by_time (changed_at)
) ENGINE = InnoDB;

-- The objects that exist, with their keys as text. The bytes are what an index finds.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW objects AS
SELECT
    CONVERT(key_bytes USING utf8mb4) COLLATE utf8mb4_bin AS object_key,
    size,
    etag,
    version_id,
    changed_at,
    event,
    key_bytes
FROM states
WHERE size IS NOT NULL;
