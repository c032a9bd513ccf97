"""The stack Catalog: one bucket and its catalog. A product of the portfolio has the same parts."""
