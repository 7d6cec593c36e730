"""What qbitrr costs, measured. `make bench` runs everything in the environment that users have."""
