"""What people asked for: the clients of Overseerr, Jellyseerr, Seerr and Ombi."""
