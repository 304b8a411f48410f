"""Templates of routes for people."""

import pytest

from clew.conventions.routes import simplified


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        ("items/<int:number>/", "items/<int:number>/"),
        ("robots.txt", "robots.txt"),
        ("/items/{number}", "/items/{number}"),
        (r"^items/(?P<number>[0-9]+)/$", "items/<number>/"),
        (r"shop/<slug:name>/(?P<year>\d{4})/(?:page-(?P<page>\d+)/)?$", "shop/<slug:name>/<year>/page-<page>/"),
        (r"/items/([^/]+)/(\d+(?:a|b))", "/items/<1>/<2>"),
        (r"a\.b/\d+/(?=x)(?i)[a-z]+$", "a.b/<>/<>"),
        (r"\Aitems\-a\Z", "items-a"),
        ("/a/(?P<a>(b(c))d)/e", "/a/<a>/e"),
        (r"/a/(?P<a>[^)\]]+)/e", "/a/<a>/e"),
        ("(((", "<1>"),
    ],
)
def test_a_template_has_a_placeholder_for_each_group(pattern: str, template: str) -> None:
    assert simplified(pattern) == template
