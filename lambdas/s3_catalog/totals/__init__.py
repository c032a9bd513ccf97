"""Objects and bytes of a bucket and of its folders."""
