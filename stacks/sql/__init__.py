"""The mirror that answers SQL: what the stack Sql consists of."""
