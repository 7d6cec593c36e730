"""What the libraries of the three Arrs hold: movies, episodes, albums, their files, qualities and invented names."""
