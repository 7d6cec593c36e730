"""The process of one Arr category: keeps its catalogue, watches its torrents, acts, reports."""
