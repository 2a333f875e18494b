"""The laws of merging layers, and where each value came from."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.merge import Layer, layered, leaves, merge, origin

KEYS = st.sampled_from(["auth", "timeout", "pool", "a", "b"])
LEAVES = st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=2))
TABLES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, inner), max_size=3),
    max_leaves=8,
)


def at(data: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for part in path:
        data = data[part]
    return data


def test_tables_merge_and_arrays_are_replaced_whole() -> None:
    """Key by key in tables, all or nothing in arrays."""
    weaker = {"timeout": {"read": "1s", "connect": "2s"}, "on": [1, 2], "x": 1}
    stronger = {"timeout": {"read": "9s"}, "on": [3]}
    assert merge(weaker, stronger) == {
        "timeout": {"read": "9s", "connect": "2s"},
        "on": [3],
        "x": 1,
    }


def test_auth_is_replaced_whole() -> None:
    """Half a credential of one layer and half of another would be none at all."""
    weaker = {"auth": {"basic": {"username": "me", "password": "p"}}}
    assert merge(weaker, {"auth": {"bearer": "t"}}) == {"auth": {"bearer": "t"}}
    assert merge(weaker, {"auth": {}}) == {"auth": {}}
    assert merge({"labels": {"auth": {"a": 1}}}, {"labels": {"auth": {"b": 2}}}) == {
        "labels": {"auth": {"a": 1, "b": 2}}
    }


@given(TABLES)
def test_an_empty_layer_changes_nothing(table: dict[str, Any]) -> None:
    """`merge(x, {}) == x == merge({}, x)`."""
    assert merge(table, {}) == table == merge({}, table)


@given(TABLES)
def test_merging_a_table_with_itself_changes_nothing(table: dict[str, Any]) -> None:
    """`merge(x, x) == x`."""
    assert merge(table, table) == table


@given(TABLES, TABLES)
def test_the_stronger_layer_is_always_there(
    weaker: dict[str, Any], stronger: dict[str, Any]
) -> None:
    """Every leaf of the stronger layer stands in the result."""
    merged = merge(weaker, stronger)
    for path, value in leaves(stronger):
        assert at(merged, path) == value


@given(TABLES, TABLES)
def test_no_layer_is_changed(weaker: dict[str, Any], stronger: dict[str, Any]) -> None:
    """Merging makes something new."""
    before = repr((weaker, stronger))
    merge(weaker, stronger)
    assert repr((weaker, stronger)) == before


@given(st.lists(TABLES, max_size=4))
def test_an_origin_is_where_the_value_stands(tables: list[dict[str, Any]]) -> None:
    """`merged[path] == document[origin(path)]`, for every leaf."""
    layers = [Layer((str(number),), table) for number, table in enumerate(tables)]
    document = {str(number): table for number, table in enumerate(tables)}
    merged = layered(layers)
    for path, value in leaves(merged):
        where = origin(layers, path)
        assert where is not None
        assert at(document, where) == value


@given(st.lists(TABLES, max_size=4), st.lists(KEYS, min_size=1, max_size=3))
def test_what_nobody_wrote_has_no_origin(tables: list[dict[str, Any]], path: list[str]) -> None:
    """An origin exists exactly for what the merged table has."""
    layers = [Layer((str(number),), table) for number, table in enumerate(tables)]
    try:
        at(layered(layers), tuple(path))
    except (KeyError, TypeError, IndexError):
        assert origin(layers, tuple(path)) is None
    else:
        assert origin(layers, tuple(path)) is not None
