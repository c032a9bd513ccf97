"""The catalog as rows of a relational database."""
