"""Media requests of users: the clients of Overseerr, Jellyseerr, Seerr and Ombi."""
