"""Libraries of the Arrs as rows of the catalogue. Pure: values in, values out."""
