"""Where the service runs is read once, and a wrong value names its variable."""

from pathlib import Path

import pytest

from monitor.errors import Invalid
from monitor.settings import read


def test_the_defaults_are_one_folder_and_a_sqlite_file() -> None:
    settings = read({})
    assert settings.home == Path("var").absolute()
    assert settings.database_url == f"sqlite:///{settings.home}/lowincome.db"
    assert settings.lake == settings.home / "lake"
    assert not settings.production


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgres://h/d"])
def test_a_plain_postgresql_url_gets_the_installed_driver(url: str) -> None:
    assert read({"LOWINCOME_DATABASE_URL": url}).database_url == "postgresql+psycopg://h/d"


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("yes", True), ("0", False), ("", False), ("FALSE", False)])
def test_production_is_switched_by_plain_words(text: str, flag: bool) -> None:
    assert read({"LOWINCOME_PRODUCTION": text}).production is flag


@pytest.mark.parametrize(
    ("name", "text"), [("LOWINCOME_PRODUCTION", "maybe"), ("LOWINCOME_THREADS", "0"), ("LOWINCOME_THREADS", "x")]
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(Invalid, match=name):
        read({name: text})
