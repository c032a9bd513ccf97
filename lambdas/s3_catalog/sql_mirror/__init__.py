"""The SQL mirror: the catalog as rows of a relational database."""
