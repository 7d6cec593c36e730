"""Stand-ins for Radarr, Sonarr, Lidarr and qBittorrent in one process on loopback, with a living library.

From the ground up: `media` is what a library holds, `library` invents one; `life` holds the rules by which
downloads, queues and commands develop, `world` keeps them together over explicit time; `radarr`, `sonarr`,
`lidarr` and `qbittorrent` speak the real applications' wire formats; `serve` runs it all.
"""
