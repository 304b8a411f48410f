"""Hooks install, undo, wait for modules, and go quiet under somebody else's patch."""

import sys
import types
from typing import Any

import pytest

from clew import Plugin, after, carry, enrich, instead, patch
from clew.conventions import db_client
from clew.hooks import Action
from clew.plugin import PluginError
from clew.testing.recording import enabled, recording


@pytest.fixture
def library(request: pytest.FixtureRequest) -> Any:
    """A module of its own with a class whose methods are of every kind."""

    class Client:
        def call(self, text: str) -> str:
            return text.upper()

        @staticmethod
        def static(text: str) -> str:
            return text

        @classmethod
        def made(cls, text: str) -> Any:
            return cls, text

    module = types.ModuleType("a_library")
    module.Client = Client  # type: ignore[attr-defined]
    sys.modules["a_library"] = module
    yield module
    del sys.modules["a_library"]


def read(*args: Any) -> db_client.Query:
    return db_client.query(args[-1])


statement = db_client.statement(read, lambda connection: db_client.Server("other_sql"))


def test_a_class_with_two_names_is_patched_once_and_put_back(library: Any) -> None:
    before = dict(vars(library.Client))
    library.Alias = library.Client
    plugin = Plugin("a_library", hooks=[patch(f"a_library:{name}.call", statement) for name in ("Client", "Alias")])
    for _ in range(2):
        with enabled(plugin) as record:
            assert library.Client.call.__wrapped__ is before["call"]
            library.Client().call("SELECT 1")
        assert len(record.spans()) == 1
        assert dict(vars(library.Client)) == before


def test_methods_of_every_kind_are_patched_and_put_back(library: Any) -> None:
    before = dict(vars(library.Client))
    plugin = Plugin(
        "a_library", hooks=[patch(f"a_library:Client.{name}", statement) for name in ("call", "static", "made")]
    )
    with enabled(plugin) as record:
        client = library.Client()
        assert client.call("SELECT 1") == "SELECT 1"
        assert library.Client.static("SELECT 2") == "SELECT 2"
        assert library.Client.made("SELECT 3") == (library.Client, "SELECT 3")
        assert library.Client.call.__name__ == "call"
    assert len(record.spans()) == 3
    assert dict(vars(library.Client)) == before


def test_a_patch_under_somebody_elses_goes_quiet_and_leaves_theirs(library: Any) -> None:
    plugin = Plugin("a_library", hooks=[patch("a_library:Client.call", statement)])
    with enabled(plugin) as record:
        ours = library.Client.call
        theirs = library.Client.call = lambda self, text: "theirs " + ours(self, text)
    assert library.Client.call is theirs
    assert library.Client().call("SELECT 1") == "theirs SELECT 1"
    assert list(record.spans()) == []


def test_a_missing_name_switches_the_whole_plugin_off_and_says_so(library: Any) -> None:
    before = library.Client.call
    plugin = Plugin(
        "a_library", hooks=[patch("a_library:Client.call", statement), patch("a_library:Client.gone", statement)]
    )
    with pytest.raises(PluginError, match=r"a_library has no Client\.gone"):
        plugin.enable()
    assert library.Client.call is before


def test_a_missing_name_may_be_optional(library: Any) -> None:
    plugin = Plugin("a_library", hooks=[patch("a_library:Client.gone", statement, optional=True)])
    plugin.enable()
    plugin.disable()


def test_a_module_that_is_not_there_is_patched_when_it_comes_and_never_imported(
    tmp_path: Any, monkeypatch: Any
) -> None:
    (tmp_path / "comes_later.py").write_text("def call(text):\n    return text\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = Plugin("comes_later", hooks=[patch("comes_later:call", statement)])
    with enabled(plugin) as record:
        assert "comes_later" not in sys.modules
        import comes_later

        assert comes_later.call("SELECT 1") == "SELECT 1"
        assert len(record.spans()) == 1
    assert comes_later.call("SELECT 1") == "SELECT 1"
    assert len(record.spans()) == 1


def test_a_library_that_says_it_is_too_old_is_refused(library: Any) -> None:
    library.__version__ = "1.9.3rc1"
    with pytest.raises(PluginError, match=r"1\.9\.3rc1 is older than >=2\.0"):
        Plugin("a_library", versions=">=2.0").enable()
    Plugin("a_library", versions=">=1.9").enable()


def test_enabling_twice_is_enabling_once(library: Any) -> None:
    plugin = Plugin("a_library", hooks=[patch("a_library:Client.call", statement)])
    with enabled(plugin) as record:
        plugin.enable()
        library.Client().call("SELECT 1")
        assert len(record.spans()) == 1


def test_a_plugin_that_keeps_failing_is_switched_off(library: Any, caplog: Any) -> None:
    def read(*args: Any) -> None:
        raise RuntimeError("ours")

    original = library.Client.call
    plugin = Plugin("a_library", hooks=[enrich("a_library:Client.call", Action(read, print))])
    with enabled(plugin):
        assert [library.Client().call("x") for _ in range(5)] == ["X"] * 5
        assert library.Client.call is original
    lines = [line.getMessage() for line in caplog.records if line.name == "clew"]
    assert len(lines) == 2
    assert "switched off after 3 failures" in lines[1]


def test_actions_before_after_and_instead(library: Any) -> None:
    seen: list[Any] = []
    hooks = [
        enrich("a_library:Client.call", Action(lambda self, text: ("before", text), seen.append)),
        after("a_library:Client.call", Action(lambda result, self, text: ("after", result), seen.append)),
        instead("a_library:Client.static", Action(lambda text: text if text == "x" else None, lambda text: "ours")),
        instead("a_library:Client.made", Action(read, print, wanted=lambda settings: False)),
    ]
    recording()
    with enabled(Plugin("a_library", hooks=hooks)):
        assert library.Client().call("a") == "A"
        assert (library.Client.static("x"), library.Client.static("y")) == ("ours", "y")
    assert seen == [("before", "a"), ("after", "A")]


def test_carry_leaves_a_call_without_that_argument_alone(library: Any) -> None:
    with enabled(Plugin("a_library", hooks=[carry("a_library:Client.call", 1)])), pytest.raises(TypeError):
        library.Client().call()


def test_a_caller_who_gives_arguments_that_the_library_does_not_take_switches_nothing_off(library: Any) -> None:
    plugin = Plugin("a_library", hooks=[patch("a_library:Client.call", statement)])
    with enabled(plugin) as record:
        for _ in range(5):
            with pytest.raises(TypeError, match="call"):
                library.Client().call("x", "y", "z", of="nothing")
        record.clear()
        assert library.Client().call("SELECT 1") == "SELECT 1"
        assert len(record.spans()) == 1
