"""What is searched next, and how fast. Pure: values in, values out."""
