"""The reference of what `rewire.__all__` and `rewire.sync.__all__` have, with docstrings."""

from __future__ import annotations

import importlib
import inspect
import json
import operator
import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, get_args

import rewire
import rewire.sync
from generator.markdown import code, fence, page, plain, table
from rewire import events

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["api_page"]

SOURCE = "the docstrings of `rewire.__all__` and `rewire.sync.__all__`"
WIDTH = 92

_MAIN = (
    "ClientManager",
    "HTTPClient",
    "HTTPXClient",
    "WebSocketClient",
    "Verdict",
    "FROM_MANIFEST",
)
_CONSTRUCTED = ("ClientManager",)  # the others are got from it
_BRIEF = ("HTTPXClient", "sync.HTTPClient", "sync.HTTPXClient")  # has what HTTPClient has
_MODELS = ("ClientConfig", "HTTPClientConfig", "WebSocketClientConfig")
_EVENTS = ("Event", *(kind.__name__ for kind in get_args(events.Happening)))
_STATUSES = ("ClientStatus", "ManagerStatus", "ConnectionState")

_INTRODUCTION = """\
`import rewire` gives these names, and `import rewire.sync` those of the section
[threads](#threads). What is not on this page may change without notice.
A name is loaded when it is first used."""


_NOTES = {
    "ClientManager": """\
`manager[id]` is the handle of a client, whatever its protocol. `id in manager`, `len(manager)` and
`list(manager)` are about the ids.""",
    "WebSocketClient": """\
`async for message in client` makes a subscription for the loop. How one connection follows another:
[WebSocket hand-over](../explanation/websocket-handover.md).""",
}


def api_page() -> str:
    """Return `reference/api.md`."""
    errors = [name for name in rewire.__all__ if _is_error(name)]
    listed = {*_MAIN, *_MODELS, *_STATUSES, *errors, "__version__"}
    rest = [name for name in rewire.__all__ if name not in listed]
    return page(
        "Python API",
        SOURCE,
        _INTRODUCTION,
        *(part for name in (*_MAIN, *rest) for part in _entry(name)),
        "## Threads",
        "The same surface for programs without an event loop; see [use it from threads]"
        "(../how-to/use-from-threads.md).",
        *(part for name in rewire.sync.__all__ for part in _entry(f"sync.{name}")),
        "## Configuration models",
        "Pydantic models, frozen. Their fields are those of [the manifest](manifest.md), and `id`. "
        "`manager.register(config)` takes one. Durations and sizes are written as in the manifest.",
        "\n".join(f"- `rewire.{name}`: {plain(_first(name))}" for name in _MODELS),
        "## Status models",
        "Their fields are on the page [status](status.md).",
        "\n".join(f"- `rewire.{name}`: {plain(_first(name))}" for name in _STATUSES),
        "## Events",
        "`manager.events()` yields them as `Event`s. They are in `rewire.events`: "
        "`from rewire.events import Reconciled`.",
        *(part for name in _EVENTS for part in _event(name)),
        "## Exceptions",
        "An exception carries its data as attributes. `except rewire.RewireError` catches all of "
        "them. Through an HTTP handle, most of them are of its library's family too; see "
        "[handles](../explanation/handles.md).",
        fence("text", _tree(rewire.errors.__doc__ or "")),
        *(part for name in errors if name != "RewireError" for part in _error(name)),
    )


def _event(name: str) -> tuple[str, str, str]:
    kind = getattr(events, name)
    rows = [[code(f.name), code(_type(f.type))] for f in fields(kind)]
    return f"### {name}", plain(kind.__doc__ or ""), table(["field", "type"], rows)


def _is_error(name: str) -> bool:
    value = getattr(rewire, name)
    return isinstance(value, type) and issubclass(value, Exception)


def _first(name: str) -> str:
    return (getattr(rewire, name).__doc__ or "").strip().splitlines()[0]


def _tree(docstring: str) -> str:
    """Return the drawing of the exceptions out of their module's docstring."""
    lines = docstring.splitlines()
    start = next(number for number, line in enumerate(lines) if "RewireError" in line)
    drawn = [line[4:] for line in lines[start:] if line.startswith("    ")]
    return "\n".join(drawn)


def _error(name: str) -> tuple[str, str]:
    kind = getattr(rewire, name)
    data = [p for p in inspect.signature(kind.__init__).parameters if p != "self"]
    carries = f" Carries {', '.join(map(code, data))}." if data else ""
    return f"### {name}", f"{plain(_first(name))}{carries}"


def _entry(name: str) -> Iterator[str]:
    value = operator.attrgetter(name)(rewire)
    yield f"## rewire.{name}" if "." in name else f"## {name}"
    if inspect.isfunction(value):
        yield fence("python signature", f"rewire.{name}{inspect.signature(value)}")
        yield _docstring(value)
        return
    if not isinstance(value, type):
        yield fence("python signature", f"rewire.{name} = {json.dumps(value)}")
        yield from _constant(name)
        return
    if name.rpartition(".")[2] in _CONSTRUCTED:
        yield fence("python signature", _call(f"rewire.{name}", value).removesuffix(" -> None"))
    yield _docstring(value)
    if is_dataclass(value):
        yield table(["field", "type"], [[code(f.name), code(_type(f.type))] for f in fields(value)])
    yield _NOTES.get(name, "")
    if name not in _BRIEF:
        for attribute, member in _members(value):
            if shown := _member(attribute, member):
                yield shown


def _members(kind: type) -> Iterator[tuple[str, object]]:
    """Yield what a class and those of its bases that are ours have in public."""
    ours = [base for base in reversed(kind.__mro__) if base.__module__.startswith("rewire")]
    members = {name: member for base in ours for name, member in vars(base).items()}
    yield from ((name, member) for name, member in members.items() if not name.startswith("_"))


def _constant(name: str) -> Iterator[str]:
    """Yield the docstring below a constant, which only the source has."""
    module = importlib.import_module(rewire._WHERE[name])  # noqa: SLF001 - where it really is
    source = inspect.getsource(module)
    found = re.search(rf'^{name} = .*\n"""(.*?)"""', source, re.MULTILINE | re.DOTALL)
    if found:
        yield plain(found[1])


def _member(name: str, member: object) -> str:
    if isinstance(member, property):
        first = (member.__doc__ or "").strip()
        return f"### {name}\n\n{plain(first)}" if first else ""
    function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
    if not inspect.isfunction(function) or not function.__doc__:
        return ""
    prefix = "await " if inspect.iscoroutinefunction(function) else ""
    prefix = "async for … in " if inspect.isasyncgenfunction(function) else prefix
    return "\n\n".join(
        [
            f"### {name}",
            fence("python signature", _call(f"{prefix}{name}", function)),
            _docstring(function),
        ]
    )


def _call(name: str, value: object) -> str:
    """Return a signature as the source has it: without self, and annotations not resolved."""
    found = inspect.signature(value)  # type: ignore[arg-type]
    parameters = [p for p in found.parameters.values() if p.name not in {"self", "cls"}]
    text = f"{name}{found.replace(parameters=parameters)}".replace("'", "")
    if len(text) <= WIDTH:
        return text
    keywords = [i for i, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY]
    shown = [str(p).replace("'", "") for p in parameters]
    shown[keywords[0] : keywords[0]] = ["*"]
    returns = text.rpartition(")")[2]
    return "\n".join([f"{name}(", *(f"    {one}," for one in shown), f"){returns}"])


def _type(annotation: object) -> str:
    return str(annotation).replace('"', "")


def _docstring(value: object) -> str:
    """Return a docstring as Markdown: examples become code blocks, arguments a list."""
    out: list[str] = []
    example: list[str] = []
    listing = False
    for line in [*plain(inspect.cleandoc(value.__doc__ or "")).splitlines(), ""]:
        if line.startswith((">>> ", "... ")):
            example.append(re.sub(r"\s+# doctest:.*", "", line[4:]))
            continue
        if example:
            out.append(fence("python part", "\n".join(example)))
            example = []
        if line in {"Args:", "Raises:"}:
            out += [line.replace("Args", "Arguments"), ""]
            listing = True
        elif listing and (item := re.match(r"    (\w+): (.*)", line)):
            out.append(f"- `{item[1]}`: {item[2]}")
        else:
            listing = listing and line.startswith("    ")
            out.append(f"  {line.strip()}" if listing else line)
    return "\n".join(out).strip()
