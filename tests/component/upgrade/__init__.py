"""What the released versions of the product have written, read and written over by this one."""
