"""Content inspection: streamed, in bounded memory, with the standard library alone.

The same code runs in a Lambda function. Without dependencies, the function is a plain zip that runs
on any architecture and starts as fast as the other functions.
"""
