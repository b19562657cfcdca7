import subprocess
import sys

import pytest

from linnet import phenomena
from linnet.reproduce import select
from linnet.study import AbstractClaim


def test_spectral_bias_is_found():
    assert "spectral_bias" in phenomena.names()
    found = phenomena.find("spectral_bias")
    assert found.__name__ == "linnet.phenomena.spectral_bias"


def test_names_are_sorted_packages():
    assert list(phenomena.names()) == sorted(phenomena.names())
    for name in phenomena.names():
        assert phenomena.find(name).__path__


@pytest.mark.parametrize("name", phenomena.names())
def test_every_phenomenon_says_what_it_is_and_has_claims(name):
    found = phenomena.find(name)
    assert found.TITLE
    assert found.QUESTION.endswith("?")
    claims = phenomena.claims(name)
    assert claims
    for claim in claims:
        assert isinstance(claim, AbstractClaim)
        assert claim.phenomenon == name
    names = [claim.name for claim in claims]
    assert len(set(names)) == len(names)


def test_no_claim_is_named_like_a_phenomenon():
    for name in phenomena.names():
        named = {claim.name for claim in phenomena.claims(name)}
        assert named.isdisjoint(phenomena.names())


@pytest.mark.parametrize("name", phenomena.names())
def test_every_citation_is_in_the_bibliography(name):
    entries = "".join(phenomena.find(name).BIBLIOGRAPHY)
    for claim in phenomena.claims(name):
        assert claim.citations
        for key in claim.citations:
            assert f"{{{key}," in entries


@pytest.mark.parametrize("ask", [phenomena.find, phenomena.claims])
@pytest.mark.parametrize(
    "name", ["gravity", "", "spectral_bias.claims", "Spectral_Bias"]
)
def test_an_unknown_phenomenon_is_refused_with_what_there_is(ask, name):
    there = ", ".join(phenomena.names())
    message = f"There is no phenomenon `{name}`: there is {there}."
    with pytest.raises(ValueError, match=message):
        ask(name)


def test_claims_are_listed_without_loading_simulation_or_drawing():
    script = """
import sys
from linnet import phenomena
for name in phenomena.names():
    assert phenomena.claims(name)
heavy = {"jax", "diffrax", "equinox", "matplotlib", "scipy", "linnet.dynamics"}
print(sorted(heavy & sys.modules.keys()))
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A folder beside the phenomena, with one of them and with what is none."""
    folder = tmp_path / "gravity"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "TITLE = 'Gravity'\nQUESTION = 'Why do weights fall?'\n"
    )
    (folder / "claims.py").write_text(
        "from linnet.phenomena.spectral_bias.claims.modes import ModeLaw\n\n\n"
        "class Falls(ModeLaw):\n"
        "    phenomenon = 'gravity'\n"
        "    name = 'falls'\n\n\n"
        "CLAIMS = [Falls()]\n"
    )
    (tmp_path / "levity.py").write_text("TITLE = 'A module is no phenomenon'\n")
    (tmp_path / "notes").mkdir()
    monkeypatch.setattr(phenomena, "__path__", [*phenomena.__path__, str(tmp_path)])
    yield
    for name in ("linnet.phenomena.gravity", "linnet.phenomena.gravity.claims"):
        sys.modules.pop(name, None)
    vars(phenomena).pop("gravity", None)


@pytest.mark.parametrize("name", phenomena.names())
def test_a_claim_says_whether_it_has_a_canonical_problem(name):
    for claim in phenomena.claims(name):
        assert claim.has_canonical == (claim.canonical(0, True) is not None)


@pytest.mark.usefixtures("planted")
def test_a_planted_folder_is_a_phenomenon_and_nothing_else_must_change():
    assert "gravity" in phenomena.names()
    assert not {"levity", "notes"} & set(phenomena.names())
    assert phenomena.find("gravity").TITLE == "Gravity"
    assert "linnet.phenomena.gravity.claims" not in sys.modules  # finding it is light
    (claim,) = phenomena.claims("gravity")
    assert claim.name == "falls"


@pytest.mark.usefixtures("planted")
def test_claims_of_a_planted_phenomenon_can_be_reproduced():
    ((claim, problem),) = select(["gravity"], quick=True)
    assert claim.phenomenon == "gravity"
    assert problem.canonical
    with pytest.raises(ValueError, match=r"phenomena .*gravity.*gravity/falls"):
        select(["levity"])


def test_what_was_planted_is_gone_again():
    assert "gravity" not in phenomena.names()
