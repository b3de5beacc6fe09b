"""Pages as a browser lays them out: headless Chromium, where one is at hand."""

import html
import json
import re
import shutil
import subprocess

import pytest

from eingrad.explain.forms import Document, Inset, page
from tests.explain.documents import MAKERS, made, table

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
MEASURE = """<script>
const box = e => e.getBoundingClientRect();
const maths = [...document.querySelectorAll("math")];
document.body.dataset.found = JSON.stringify({
  width: innerWidth,
  page: document.documentElement.scrollWidth,
  formulas: maths.length,
  empty: maths.filter(e => box(e).width < 1 || box(e).height < 1).length,
  namespaces: maths.filter(e => e.namespaceURI.endsWith("MathML")).length,
  radicals: [...document.querySelectorAll("msqrt")].map(
    e => box(e).width - box(e.firstElementChild).width),
  marks: [...document.querySelectorAll(".mark")].map(e => getComputedStyle(e).borderTopWidth),
  title: document.title,
  items: document.querySelectorAll("ol.steps > li").length,
});
</script></body>"""

FRAME = """<!DOCTYPE html><meta charset="utf-8">
<body><iframe style="border: 0" width="{width}" height="900" srcdoc="{inside}"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  document.body.dataset.found = frame.contentDocument.body.dataset.found;
  frame.remove();
}};
</script></body>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BROWSER, reason="no Chromium here"),
]


def laid_out(folder, document, width):
    """What a frame of that width finds (windows are no narrower than 500); a message of the console
    is an error."""
    file = folder / "page.html"
    inside = html.escape(page.page(document).replace("</body>", MEASURE))
    file.write_text(FRAME.format(width=width, inside=inside), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}"]
    command += ["--window-size=1300,900", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))


@pytest.fixture(scope="module")
def everything():
    return Document(("Everything",), tuple(Inset(made(name).document()) for name in MAKERS))


@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_sticks_out_of_the_page(tmp_path, everything, width):
    found = laid_out(tmp_path, everything, width)
    assert found["width"] == width and found["page"] <= width


def test_every_formula_is_drawn(tmp_path, everything):
    found = laid_out(tmp_path, everything, 900)
    assert found["formulas"] == page.page(everything).count("<math ") > 100
    assert found["namespaces"] == found["formulas"] and found["empty"] == 0
    assert found["radicals"] and min(found["radicals"]) > 3  # the sign itself has a width
    assert found["marks"] and set(found["marks"]) == {"1px"}
    assert found["title"] == "Everything"
    assert found["items"] == sum(len(getattr(made(n), "steps", ())) for n in STEPPED)


STEPPED = ("derivation", "array by array", "comparison", "chain", "second order")


def test_the_main_table_fits_a_narrow_screen(tmp_path):
    found = laid_out(tmp_path, table(), 400)
    assert found["page"] <= 400 and found["empty"] == 0 and found["formulas"] > 1000
