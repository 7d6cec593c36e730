"""What the Arrs say of their libraries, as rows of the catalogue. Pure: values in, values out."""
