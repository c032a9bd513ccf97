"""The numbers of objects and bytes in a bucket and in each of its folders."""
