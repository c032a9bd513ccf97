"""The catalog of one bucket: what the stack Catalog, and each product, consists of."""
