"""Radarr (API v3), Sonarr (API v3) and Lidarr (API v1) as seen over their HTTP API."""
