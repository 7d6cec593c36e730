"""Stand-ins for Radarr, Sonarr, Lidarr and qBittorrent in one process on loopback, whose downloads go on.

From the ground up: `media` is what a library holds and invents one; `life` has the rules by which downloads, queues
and commands develop over explicit time; `services` speaks the real applications' wire formats; `sandbox` runs it all.
"""
