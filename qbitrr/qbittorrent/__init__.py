"""qBittorrent as seen over its Web API, versions 4.3.9 to 5.x (API 2.8.2 and later)."""
