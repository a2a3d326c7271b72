"""Requirements: names and versions, one a line."""

from __future__ import annotations

import pytest

from lrtune.bundle import BundleError, requirements


def test_the_normal_form() -> None:
    text = "\n# data\n einops >= 0.8  # shapes\nscikit-learn[tests]~=1.5\r\nA; python_version < '4'\n"
    assert requirements.read(text) == "\n".join(
        ['A; python_version < "4"', "einops>=0.8", "scikit-learn[tests]~=1.5"]
    )
    assert requirements.read("") == ""
    assert requirements.read("# nothing") == ""
    assert requirements.read("einops>=0.8\neinops>=0.8") == "einops>=0.8"


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "-i https://evil.example",
        "--extra-index-url=x",
        "--find-links /tmp",
        "-r other.txt",
        "-c other.txt",
        "-e .",
        "-e git+https://example.org/x.git",
        "--no-binary :all:",
        "einops --global-option=x",
        "einops==1 --hash=sha256:00",
        "git+https://example.org/x.git",
        "./local",
        "/abs/path",
        "file:///etc/passwd",
        "https://example.org/x.whl",
        "x @ https://example.org/x.whl",
        "x @ file:///etc/passwd",
        "einops >= ",
        "two words",
        "a\\",
        "a==1\na==2",
    ],
)
def test_requirements_that_are_refused(line: str) -> None:
    with pytest.raises(BundleError) as caught:
        requirements.read(f"einops\n{line}")
    assert caught.value.field == "requirements"
    assert caught.value.line in (2, 3)
    assert caught.value.remedy


def test_an_operator_may_allow_urls_and_no_more() -> None:
    assert requirements.read("x @ https://example.org/x.whl", "any") == "x @ https://example.org/x.whl"
    for line in ("x @ file:///etc/passwd", "--index-url https://evil.example", "-e .", "x @ git+ssh://h/x"):
        with pytest.raises(BundleError):
            requirements.read(line, "any")


def test_an_operator_may_refuse_all() -> None:
    assert requirements.read("# none", "off") == ""
    with pytest.raises(BundleError, match="takes no requirements"):
        requirements.read("einops", "off")


def test_bounds() -> None:
    with pytest.raises(BundleError, match="more than 200"):
        requirements.read("\n".join(f"p{n}" for n in range(201)))
    with pytest.raises(BundleError, match="characters"):
        requirements.read("#" * 70_000)
