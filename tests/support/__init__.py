"""Real BitTorrent and patience for tests: torrents, a tracker, qbittorrent-nox, waiting for a state."""
