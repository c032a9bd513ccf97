-- A mirror of version 1 of the schema, as a dump of it has it: before there were buckets.
CREATE TABLE `schema_versions` (
  `version` int(11) NOT NULL,
  `since` timestamp NOT NULL DEFAULT current_timestamp(),
  PRIMARY KEY (`version`)
) ENGINE=InnoDB;

INSERT INTO `schema_versions` VALUES (1,'2026-11-01 00:00:00');

CREATE TABLE `states` (
  `key_bytes` varbinary(1024) NOT NULL,
  `size` bigint(20) DEFAULT NULL,
  `etag` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `version_id` varchar(1024) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `changed_at` datetime(3) NOT NULL,
  `event` varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `place` char(52) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`key_bytes`),
  KEY `by_size` (`size`),
  KEY `by_etag` (`etag`),
  KEY `by_time` (`changed_at`)
) ENGINE=InnoDB;

-- A, a, a with a zero byte and quotes, a with a space, the longest key of all, ü/🚀
INSERT INTO `states` VALUES (0x41,2000,'e2','v1','2026-11-20 10:01:00.123','ObjectCreated:Copy','0055AED6DCD90281E70000000000000000001764000000000000');
INSERT INTO `states` VALUES (0x61,100,'e1',NULL,'2026-11-20 10:00:00.000','ObjectCreated:Put','0055AED6DCD90281E60000000000000000000000000000000000');
INSERT INTO `states` VALUES (0x610027225C,1,'e4',NULL,'2026-11-20 10:03:00.000','ObjectCreated:Put','0055AED6DCD90281E90000000000000000000000000000000000');
INSERT INTO `states` VALUES (0x6120,0,'e3',NULL,'2025-01-01 00:00:00.000','Reconciled','0000000000000000000000000000000000001764000000000001');
INSERT INTO `states` VALUES (REPEAT('x',1024),9223372036854775807,REPEAT('e',255),REPEAT('v',1024),'2026-11-20 10:04:00.000','ObjectCreated:Put','0055AED6DCD90281EA0000000000000000000000000000000000');
INSERT INTO `states` VALUES (0xC3BC2FF09F9A80,7,'e2',NULL,'2026-11-20 10:02:00.000','ObjectCreated:CompleteMultipartUpload','0055AED6DCD90281E80000000000000000000000000000000000');

-- logs/2026/gone, which was deleted, and logs/2026/healed
INSERT INTO `states` VALUES (0x6C6F67732F323032362F676F6E65,NULL,NULL,NULL,'2026-11-20 10:05:00.000','ObjectRemoved:DeleteMarkerCreated','0055AED6DCD90281EB0000000000000000000000000000000000');
INSERT INTO `states` VALUES (0x6C6F67732F323032362F6865616C6564,3,'e5',NULL,'2026-11-20 10:06:00.000','Reconciled','HEALED00001764000000000002');

CREATE SQL SECURITY INVOKER VIEW `objects` AS select convert(`states`.`key_bytes` using utf8mb4) collate utf8mb4_bin AS `object_key`,`states`.`size` AS `size`,`states`.`etag` AS `etag`,`states`.`version_id` AS `version_id`,`states`.`changed_at` AS `changed_at`,`states`.`event` AS `event`,`states`.`key_bytes` AS `key_bytes` from `states` where `states`.`size` is not null;
