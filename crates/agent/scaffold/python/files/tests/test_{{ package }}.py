import pytest

from {{ package }} import greeting
from {{ package }}.cli import main


def test_a_name_is_greeted():
    assert greeting(" Ada ") == "Hello, Ada!"


def test_an_empty_name_is_refused():
    with pytest.raises(ValueError):
        greeting("  ")


def test_the_command_prints(capsys):
    assert main(["Ada"]) == 0
    assert capsys.readouterr().out == "Hello, Ada!\n"
