"""What is read of a search engine's paths: names and indices, and no identifier."""

import pytest

from clew.search import describe


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/", ("info", None, "/")),
        ("HEAD", "/", ("ping", None, "/")),
        ("PUT", "/items/_doc/hunter2", ("index", "items", "/items/_doc/{id}")),
        ("POST", "/items/_doc", ("index", "items", "/items/_doc")),
        ("GET", "/items/_doc/a%2Fb?routing=hunter2", ("get", "items", "/items/_doc/{id}")),
        ("DELETE", "/items/_doc/7", ("delete", "items", "/items/_doc/{id}")),
        ("POST", "/items,goods/_search", ("search", "items,goods", "/items,goods/_search")),
        ("POST", "/_search", ("search", None, "/_search")),
        ("POST", "/items/_update/hunter2", ("update", "items", "/items/_update/{id}")),
        ("DELETE", "/_search/scroll/hunter2", ("search", None, "/_search/{id}/{id}")),
        ("GET", "/_cat/indices", ("cat.indices", None, "/_cat/indices")),
        ("GET", "/_cluster/health/items", ("cluster.health", None, "/_cluster/health/{id}")),
        ("PUT", "/_snapshot/hunter2/hunter3", ("snapshot", None, "/_snapshot/{id}/{id}")),
        ("PUT", "/items", ("indices.create", "items", "/items")),
        ("PATCH", "/items", ("patch", "items", "/items")),
    ],
)
def test_a_path_is_told_by_name_index_and_template(method: str, path: str, told: tuple[str, str, str]) -> None:
    assert describe(method, path) == told
