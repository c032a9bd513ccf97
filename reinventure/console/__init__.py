"""The console: a page on 127.0.0.1 that shows a deployed catalog at work.

`server` runs it, and `application` puts it together: behind `guard`, the pages that `pages` lists,
the files of `static`, and `event_stream`, which keeps pages current. A page is a module of `pages`
with a NAME, a PATH and `routes`; `frame` is what surrounds it, and `markup` the only way to HTML.

Only the extra `console` of the package has what this needs: `reinventure.cli` imports it late.
"""
