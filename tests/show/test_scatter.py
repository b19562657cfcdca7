import json
import re
import shutil
import subprocess
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest

from linnet.show.coordinates import coordinate_pictures, stress_pictures
from linnet.show.scatter import Scatter, levels, log_floor, render_scatter

HOSTILE = '</script><script>alert("1")</script>'
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture
def scatter():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 3)) * [1.0, 0.3, 0.1]
    return Scatter(
        title="inPCA of `nets.npz`",
        lead=("Two components are enough.",),
        coordinates=x,
        signs=np.array([1, -1, 1]),
        stress=np.array([0.8, 0.9, 0.95]),
        labels={
            "step": np.tile([0.0, 1, 10, 1000], 3),
            "run": tuple("a" * 4 + "b" * 4 + "c" * 4),
        },
        color="run",
        runs=tuple(np.arange(4) + 4 * i for i in range(3)),
        stress_note="Filled: +.",
        words=(("time-like", "counts negative"),),
        facts=(("models", "12"),),
        command="linnet inpca nets.npz",
    )


def document(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(found.group(1))


def without_plotly(page):
    from plotly.offline import get_plotlyjs

    assert page.count(get_plotlyjs()) == 1  # bundled, once
    return page.replace(get_plotlyjs(), "")


def test_the_page_holds_the_coordinates_the_signs_and_the_labels(scatter):
    held = document(render_scatter(scatter))
    columns = [np.frombuffer(b64decode(x), "<f4") for x in held["coordinates"]]
    np.testing.assert_allclose(np.stack(columns, 1), scatter.coordinates, rtol=1e-6)
    assert held["signs"] == [1, -1, 1]
    assert held["stress"] == [0.8, 0.9, 0.95]
    assert held["columns"][held["color"]]["name"] == "run"
    assert held["columns"][1]["levels"] == ["a", "b", "c"]
    steps = np.frombuffer(b64decode(held["columns"][0]["values"]), "<f8")
    np.testing.assert_array_equal(steps, scatter.labels["step"])
    second = np.frombuffer(b64decode(held["trajectories"][1]), "<i4")
    assert second.tolist() == [4, 5, 6, 7]


def test_everything_lies_inside_and_the_policy_forbids_the_rest(scatter):
    page = without_plotly(render_scatter(scatter))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "connect-src" not in policy
    assert re.findall(r'\b(?:src|href)="([^"#]*)"', page) == ["data:,"]
    assert not re.search(r"https?://", page)


def test_names_cannot_become_markup(scatter):
    labels = {HOSTILE: (HOSTILE,) * 12}
    hostile = replace(
        scatter, title=HOSTILE, labels=labels, color=None, lead=(HOSTILE,)
    )
    page = without_plotly(render_scatter(hostile))
    assert "<script>alert" not in page
    assert document(page)["columns"][0]["name"] == HOSTILE


def test_the_same_values_give_the_same_bytes(scatter):
    assert render_scatter(scatter) == render_scatter(scatter)
    assert stress_pictures(scatter) == stress_pictures(scatter)


@pytest.mark.parametrize(("color", "components"), [(None, 1), ("run", 2), ("step", 3)])
def test_pictures_are_drawn_with_any_color_and_any_dimension(
    scatter, color, components
):
    few = replace(
        scatter,
        coordinates=scatter.coordinates[:, :components],
        signs=scatter.signs[:components],
        stress=scatter.stress[:components],
        color=color,
    )
    svg, png = coordinate_pictures(few)
    assert svg.rstrip().endswith("</svg>")
    assert png.startswith(b"\x89PNG")


def test_many_names_are_colored_too(scatter):
    names = tuple(f"net {i}" for i in range(12))
    many = replace(scatter, labels={"name": names}, color="name")
    assert coordinate_pictures(many)[1].startswith(b"\x89PNG")


def test_steps_over_decades_are_colored_by_their_logarithm():
    assert log_floor(np.array([0.0, 1, 1000])) == pytest.approx(-0.5)
    assert log_floor(np.array([1.0, 50])) is None
    assert log_floor(np.array([-1.0, 1e6])) is None
    assert log_floor(np.zeros(3)) is None


def test_levels_come_in_the_order_of_their_first_place():
    texts, codes = levels(("b", "a", "b"))
    assert texts == ("b", "a")
    assert codes.tolist() == [0, 1, 0]


def test_what_does_not_fit_together_is_refused(scatter):
    broken = scatter.coordinates.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        render_scatter(replace(scatter, coordinates=broken))
    with pytest.raises(ValueError, match="each of the 3 components"):
        render_scatter(
            replace(
                scatter,
                coordinates=scatter.coordinates[:, :3],
                signs=np.array([1, 1]),
                stress=scatter.stress[:2],
            )
        )
    with pytest.raises(ValueError, match="`step` must have one entry for each of the"):
        render_scatter(replace(scatter, labels={"step": np.arange(3.0)}, color=None))


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_draws_the_page_to_its_end_and_says_when_it_cannot_turn_it(
    scatter, tmp_path
):
    page = tmp_path / "page.html"
    page.write_text(render_scatter(scatter), encoding="utf-8")
    drawn = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-3d-apis",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert 'data-drawn="yes"' in drawn
    assert drawn.count('class="point"') >= 12  # one mark per model, as SVG
    assert "component 2 (\u2212, time-like: apart here means closer)" in drawn
    assert "offers no WebGL" in drawn
