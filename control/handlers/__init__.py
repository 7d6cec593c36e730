"""One module for each resource: its requests, its answers, and the functions between them."""
