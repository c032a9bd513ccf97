"""Looking inside objects: streamed, in bounded memory, with the standard library alone.

Alone, because the same code is a function's: the function then is a plain zip, for any processor,
that starts as fast as the others.
"""
