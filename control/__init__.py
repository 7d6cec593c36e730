"""The HTTP control plane and the web page."""
