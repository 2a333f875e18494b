"""The parts of the documentation that are made from the code: text in, text out.

Each module makes one page, or a few, from one truth: the models, the catalogue of diagnostics,
the transition table, the command line, the public names. Nothing here reads or writes a file;
`docs/generate.py` does.
"""
