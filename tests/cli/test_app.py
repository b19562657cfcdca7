import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from linnet.cli.app import app

VERDICT_FIELDS = {
    "phenomenon",
    "claim",
    "statement",
    "source",
    "status",
    "test",
    "predicted",
    "observed",
    "stderr",
    "z",
    "tolerance",
    "verdict",
    "seconds",
}


def linnet(*arguments):
    """The command as a user calls it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "linnet", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def no_constants(name):
    raise AssertionError(f"{name} in a JSON document")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A user's table: three inputs, one of them a copy, two value targets."""
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(60, 3)) * [3.0, 1.0, 0.5]
    targets = inputs @ [[1.0, 0.0], [0.5, 1.0], [0.0, 2.0]]
    noisy = targets + 0.1 * rng.normal(size=targets.shape)
    rows = np.hstack([inputs, inputs[:, :1], noisy])
    path = tmp_path_factory.mktemp("table") / "yield.csv"
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    path.write_text("\n".join(["a,b,c,copy,up,down", *lines]))
    return path


@pytest.fixture(scope="module")
def analyzed(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    done = linnet(
        "analyze", table, "--target", "up,down", "--quick", "--json", "--out", out
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_constant=no_constants), out


def test_a_users_table_is_analyzed_and_every_verdict_has_its_fields(analyzed):
    document, _ = analyzed
    assert document["data"]["n"] == 60
    assert document["data"]["d"] == 4
    assert document["data"]["k"] == 2
    assert document["data"]["rank"] == 3
    assert len(document["verdicts"]) == 16
    for verdict in document["verdicts"]:
        assert set(verdict) >= VERDICT_FIELDS
        assert verdict["verdict"] in ("holds", "fails", "not resolved")
        assert verdict["test"] in ("z", "bound", "at most", "chi2")
    exact = [v for v in document["verdicts"] if v["status"] != "heuristic"]
    assert {v["verdict"] for v in exact} == {"holds"}


def test_the_printed_document_is_the_written_one(analyzed):
    document, out = analyzed
    assert json.loads((out / "report.json").read_text()) == document
    page = (out / "report.html").read_text()
    assert "yield" in page
    assert len(page) < 5_000_000
    assert {p.suffix for p in (out / "figures").iterdir()} == {".svg", ".png"}


def test_predictions_are_plain_numbers_of_the_right_size(analyzed):
    predicted = analyzed[0]["predictions"]["spectral_bias"]
    steps = [mode["half_step"] for mode in predicted["modes"]]
    assert len(steps) == 2
    assert 0 < steps[0] < steps[1]
    assert len(predicted["hidden_spectrum"]) == 4
    assert predicted["largest_stable_rate"] > 0


def test_reproduce_prints_a_table_and_where_the_report_is(tmp_path):
    done = linnet("reproduce", "mode_law", "--quick", "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert "mode_law" in done.stdout
    assert "holds" in done.stdout
    assert "…" not in done.stdout  # eighty columns are enough
    assert str(tmp_path / "r" / "report.html") in done.stdout.replace("\n", "")
    assert (tmp_path / "r" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analyze", "nowhere.csv", "--target", "y"], "nowhere.csv"),
        (["analyze", "iris", "--hidden", "2"], "at least the number of inputs, 4"),
        (["analyze", "iris", "--learning-rate", "9"], "`learning_rate` must lie in"),
        (["analyze", "iris", "--learning-rate", "-1"], "`learning_rate` must lie in"),
        (["analyze", "iris", "--init-scale", "0"], "must be positive and finite"),
        (
            ["analyze", "iris", "--scale", "wide"],
            "`--scale` must be one of none",
        ),
        (["analyze", "iris", "--target", "y"], "target"),
        (["analyze", "iris", "--hidden", "1000000000"], "`hidden` asks for 7,000,000"),
        (["reproduce", "gravity"], "There is no canonical claim named gravity"),
        (["analyze", "iris", "--out", "{file}"], "must be a folder"),
        (["analyze", "iris", "--bogus"], "bogus"),
        (["analyze", "iris", "--seed", "-1"], "seed"),
    ],
)
def test_wrong_use_ends_with_a_message_and_status_2(arguments, message, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    done = linnet(*(a.format(file=taken) for a in arguments))
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_bad_cell_is_named_with_its_row_and_column(table, tmp_path):
    lines = table.read_text().split("\n")
    lines[7] = "nan" + lines[7][lines[7].index(",") :]
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join(lines))
    done = linnet("analyze", broken, "--target", "up")
    assert done.returncode == 2
    assert "`a`" in done.stderr or "'a'" in done.stderr
    assert "row" in done.stderr


def test_a_failing_exact_claim_ends_with_status_1(monkeypatch, tmp_path):
    from linnet.phenomena.spectral_bias.claims import modes

    observe = modes.ModeLaw.observe

    def slowed(self, problem):
        return {name: 1.5 * value for name, value in observe(self, problem).items()}

    monkeypatch.setattr(modes.ModeLaw, "observe", slowed)
    out = tmp_path / "r"
    arguments = [
        "reproduce",
        "mode_law",
        "--quick",
        "--cache",
        "off",
        "--out",
        str(out),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "fails" in done.output


def test_list_names_every_claim_and_runs_nothing():
    done = linnet("list", "--json")
    entries = json.loads(done.stdout)["phenomena"]
    asked = {
        entry["name"]: sum("linnet reproduce" in c["asked_by"] for c in entry["claims"])
        for entry in entries
    }
    assert asked == {
        "anisotropy": 19,
        "fluctuations": 15,
        "sloppiness": 14,
        "spectral_bias": 17,
    }


def test_cite_prints_papers_and_methods():
    done = linnet("cite", "spectral_bias")
    assert done.returncode == 0
    for key in ("varre2023", "sommeijer1998rkc"):
        assert key in done.stdout


def test_help_and_list_load_neither_jax_nor_matplotlib():
    code = (
        "import sys\n"
        "from linnet.cli import main\n"
        "sys.argv = ['linnet', {argument!r}]\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "print({{'jax', 'matplotlib', 'scipy', 'sklearn'}} & set(sys.modules))"
    )
    for argument in ("--help", "list"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(argument=argument)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.rstrip().endswith("set()"), done.stdout + done.stderr


def test_the_version_is_printed():
    assert linnet("--version").stdout.strip() == "0.1.0"
