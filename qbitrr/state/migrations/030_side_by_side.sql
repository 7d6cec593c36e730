-- What was seen last of a torrent that left without us: when, its state, the category it is in now, and the verdict.
ALTER TABLE departures ADD COLUMN seen_at REAL;
ALTER TABLE departures ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE departures ADD COLUMN moved_to TEXT;
ALTER TABLE departures ADD COLUMN action TEXT;
ALTER TABLE departures ADD COLUMN rule TEXT;
ALTER TABLE departures ADD COLUMN because TEXT;
ALTER TABLE departures ADD COLUMN revisit_at REAL;
ALTER TABLE departures ADD COLUMN forecast TEXT;
DROP INDEX departures_by_category;
CREATE INDEX departures_of_category_by_time ON departures (category, left_at);

-- What others did in an Arr, in epoch seconds; items is a JSON list of ids in its library.
CREATE TABLE foreign_acts (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    infohash TEXT NOT NULL,
    name TEXT NOT NULL,
    items TEXT NOT NULL
) STRICT;
CREATE INDEX foreign_acts_of_torrent ON foreign_acts (category, infohash, kind, at);
CREATE INDEX foreign_acts_by_age ON foreign_acts (at);
CREATE INDEX foreign_searches ON foreign_acts (at) WHERE kind = 'search';
CREATE INDEX foreign_ends ON foreign_acts (at) WHERE kind IN ('blocklisting', 'ignoring');
CREATE INDEX foreign_ends_of_category ON foreign_acts (category, at) WHERE kind IN ('blocklisting', 'ignoring');

-- Times during which a qBittorrent answered a worker without a longer gap, in epoch seconds.
CREATE TABLE watch_periods (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL
) STRICT;
CREATE INDEX watch_periods_of_instance ON watch_periods (category, instance, until);
CREATE INDEX watch_periods_by_age ON watch_periods (until);

-- Removals that Shadow kept from being done, of torrents that are there, by time.
CREATE INDEX shadow_removals ON shadow (decided_at) WHERE action IN ('fail', 'remove') AND gone_at IS NULL;
CREATE INDEX shadow_removals_of_category ON shadow (category, decided_at)
WHERE action IN ('fail', 'remove') AND gone_at IS NULL;

-- Searches that Shadow kept from being sent, in epoch seconds; items is a JSON list of ids in the Arr's library.
CREATE TABLE shadow_searches (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    at REAL NOT NULL,
    title TEXT NOT NULL,
    because TEXT NOT NULL,
    items TEXT NOT NULL
) STRICT;
CREATE INDEX shadow_searches_of_category ON shadow_searches (category, at);
CREATE INDEX shadow_searches_by_age ON shadow_searches (at);
