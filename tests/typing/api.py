"""The public interface as a user's type checker sees it: mypy and pyright, both strict, read it.

Nothing here runs. Each line uses what `rewire` exports in the way the documents show; a signature
that changes by accident, or a type that is lost on the way out, is an error in `make types`.
"""
