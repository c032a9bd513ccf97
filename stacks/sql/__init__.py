"""The SQL mirror: the parts of the stack Sql."""
