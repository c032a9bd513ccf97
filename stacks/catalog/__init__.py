"""The stack Catalog, and the parts of a catalog, which products and other CDK apps have, too."""
