"""What ``rewire demo`` shows: a program whose connections follow a file, under load.

It brings its own upstreams (``upstreams``, served by ``http_server``), opens a manifest that is
its own (``file``), sends requests through the handles without a pause (``load``), and counts how
each of them ended (``tally``), in the knowledge of what the upstreams did on purpose (``ledger``).
What is seen of it is a ``scene``, drawn live by ``table`` or line by line by ``plain``; ``show``
puts it all on stage, and ``edits`` plays the person at the editor when nobody else does.
"""
