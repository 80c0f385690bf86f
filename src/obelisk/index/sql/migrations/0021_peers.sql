-- Other servers that instances are sent to by HTTP, if OrthancPeersInDatabase; what is
-- known of one is JSON, as in the configuration file.

CREATE TABLE peer (
    name TEXT PRIMARY KEY,
    description TEXT NOT NULL
) STRICT, WITHOUT ROWID;
