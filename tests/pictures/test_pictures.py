"""Pictures: what is equal and what is zero, how grids nest, files, refusals."""

import subprocess
import sys
import xml.etree.ElementTree

import numpy as np
import pytest

import eingrad
from eingrad.entries.arrange import lettered, levels
from eingrad.entries.points import values_at_points
from eingrad.errors import InputError, NameError_, SizeLimitError
from eingrad.pictures.draw import MAX_CELLS, MAX_DENSE, MAX_PIXELS
from eingrad.verify.reference import evaluate


def derived(text, *wrt, layout="mixed", **declared):
    return eingrad.derivative(eingrad.parse(text, **declared), *wrt, layout=layout)


def shown(grids):
    return [(g.down and g.down.letter, g.across and g.across.letter) for g in grids]


def test_default_sizes_are_small_and_pairwise_different():
    picture = derived("A*X*B", "X", A="m n", X="n p", B="p q").plot()
    assert sorted(picture.sizes.values()) == [2, 3, 4, 5]


def test_sizes_are_two_where_different_ones_would_be_too_many():
    picture = derived("kron(A, B)", "A").plot()
    assert picture.kind == "blocks" and set(picture.sizes.values()) == {2}
    assert derived("A*B", "A").plot(m=9).sizes == {"m": 9, "n": 2, "p": 2}


def test_given_sizes_are_kept_and_wrong_ones_refused():
    d = derived("A*B", "A")
    assert d.plot(p=2).sizes["p"] == 2
    assert d.plot(m=2, n=2, p=2).labels.shape == (2, 2, 2, 2)
    with pytest.raises(NameError_, match="called q"):
        d.plot(q=3)
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(InputError, match="size n"):
            d.plot(n=wrong)
    with pytest.raises(InputError, match="nothing to draw"):
        derived("A*x", "x", A="3 0", x="0").plot()


def test_a_size_that_only_the_function_has_is_accepted():
    d = derived("norm2(A*x)^2+norm2(y)^2", "x", A="m n", x="n", y="k")
    assert d.plot(k=7).text() == d.plot().text()


def test_equal_entries_have_one_class_and_one_label():
    picture = derived("x'*A*x", "x", "x", A="n n", x="n").plot(n=3)
    content = picture.content
    assert (content.classes == content.classes.T).all()
    assert content.distinct == 6
    assert picture.labels[0, 1] == picture.labels[1, 0] == "a_12 + a_21"


def test_entries_that_are_written_differently_meet_by_their_values():
    # sin² + cos² is 1 in no other way than by value.
    x = eingrad.vector("x", "2")
    y = eingrad.vector("y", "2")
    picture = eingrad.derivative(x * np.sin(y) ** 2 + x * np.cos(y) ** 2, "x").plot()
    doubled = eingrad.derivative(x * np.sin(2 * y) - 2 * x * np.sin(y) * np.cos(y) + x * y, "x")
    assert picture.content.zeros == 2
    assert doubled.plot().content.distinct == 2


def test_steps_at_different_places_are_not_taken_for_equal():
    picture = derived("relu(x)", "x", x="5").plot()
    assert picture.content.distinct == 5


@pytest.mark.parametrize("text", ["relu(W*x)", "abs(x).*x", "max(x)", "inv(A)", "log(x'*x)"])
def test_zeros_are_zeros_of_the_tensor(text):
    expression = eingrad.parse(text)
    d = eingrad.derivative(expression, "A" if "A" in text else "x")
    picture = d.plot()
    values = values_at_points(d.node, picture.sizes)
    assert values
    nonzero = np.any([v != 0 for v in values], axis=0)
    assert (nonzero <= (picture.labels != "0")).all()


def test_grids_nest_array_by_array():
    def grids(counts):
        owners = [k for k, n in enumerate(counts) for _ in range(n)]
        shape = [2 + k for k in range(len(owners))]
        axes = lettered(range(len(owners)), owners, shape)
        return shown(levels(axes, np.zeros(shape, dtype=bool)))

    assert grids([]) == [(None, None)]
    assert grids([1]) == [("i", None)]
    assert grids([1, 1]) == [("i", "j")]
    assert grids([2, 1]) == [("i", "j"), ("k", None)]
    assert grids([2, 2]) == [("i", "j"), ("k", "l")]
    assert grids([1, 1, 1]) == [("i", None), ("j", "k")]
    assert grids([0, 2, 2]) == [("i", "j"), ("k", "l")]
    assert grids([2, 2, 2]) == [("i", "j"), ("k", "l"), ("m", "n")]
    assert grids([3]) == [("i", None), ("j", "k")]


def test_the_layout_orders_the_grids():
    numbers = {"m": 2, "n": 3}
    mixed = derived("A*x", "x").plot(**numbers)
    turned = derived("A*x", "x", layout="denominator").plot(**numbers)
    assert "a_11  a_12  a_13" in mixed.text()
    assert "a_11  a_21" in turned.text()
    assert (mixed.labels == turned.labels).all()


def test_a_stack_shows_one_slice_for_each_output():
    picture = derived("W*x", "W").plot("stack", m=2, n=3)
    assert "slice i is ∂y_i/∂W" in picture.text()
    assert picture.levels[0].across.size == 2
    with pytest.raises(InputError, match="three axes"):
        derived("A*B", "A").plot("stack")


def test_higher_orders_nest_deeper_and_text_marks_each_level():
    picture = derived("sum(X.*X.*X)", "X", "X", "X").plot(m=2, n=2)
    assert len(picture.levels) == 3
    assert "║" in picture.text() and "═" in picture.text()
    assert picture.content.zeros == 60 and picture.content.distinct == 1


def test_spy_flattens_by_columns_with_the_output_in_rows():
    d = derived("A*B", "A")
    picture = d.plot("spy", m=2, n=3, p=4)
    values = evaluate(d.node, {"B": np.ones((3, 4))}, {"m": 2})
    expected = values.reshape(8, 6, order="F") != 0
    assert (picture.spy.pattern == expected).all()
    assert "row = vec y, column = vec A, columns stacked" in picture.text()
    assert picture.tally == "24 of 48 entries are not zero"


def test_spy_of_a_hessian_has_the_last_variable_across():
    picture = derived("x'*A*y", "x", "y").plot("spy", m=2, n=3)
    assert picture.spy.shape == (2, 3) and picture.headers == ("vec x", "vec y")


def test_large_pictures_become_patterns_are_sampled_and_refused():
    d = derived("A*B", "A")
    large = d.plot(m=20, n=20, p=2)
    assert large.kind == "spy" and MAX_CELLS < 20 * 20 * 20 * 2
    with pytest.raises(SizeLimitError, match=f"limit is {MAX_CELLS}"):
        d.plot("blocks", m=20, n=20, p=2)
    sampled = derived("x.*y", "x").plot("spy", n=MAX_PIXELS + 1)
    assert sampled.spy.pattern.shape == (301, 301)
    assert "sampled: a pixel is 2×2 entries" in sampled.text()
    assert sampled.spy.nonzero == MAX_PIXELS + 1
    with pytest.raises(SizeLimitError, match=f"{MAX_DENSE:,}"):
        d.plot(m=1000, n=1000, p=1000)


def test_labels_are_not_for_patterns():
    with pytest.raises(InputError, match="no labels"):
        _ = derived("A*B", "A").plot("spy").labels
    with pytest.raises(InputError, match="no kind"):
        derived("A*B", "A").plot("heat")


PLOTS = [
    ("A*B", ["A"], "auto"),
    ("tanh(W*x)", ["W"], "stack"),
    ("sum(log(exp(-y.*(X*w))+1))", ["w", "w"], "auto"),
    ("log(det(X))", ["X", "X"], "blocks"),
    ("norm2(A*x-y)", ["A"], "blocks"),
    ("A*X*B", ["X"], "spy"),
    ("x'*x", ["x"], "auto"),
    ("3*c", ["c"], "auto"),
    ("relu(x).*(x > 1)", ["x"], "auto"),
    ("abs(x)./sqrt(x'*x)", ["x"], "auto"),
    ("tr(expm(A))", ["A", "A"], "blocks"),
]


@pytest.mark.filterwarnings("error::UserWarning")  # a glyph that no font has
@pytest.mark.parametrize(("text", "wrt", "kind"), PLOTS, ids=[p[0] for p in PLOTS])
def test_files_are_pictures_and_the_same_each_time(text, wrt, kind, tmp_path):
    d = derived(text, *wrt)
    png, svg = (d.plot(kind).save(tmp_path / f"p.{s}") for s in ("png", "svg"))
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    root = xml.etree.ElementTree.parse(svg).getroot()
    assert root.tag.endswith("svg")
    assert d.plot(kind)._repr_mimebundle_()["image/svg+xml"] == svg.read_text(encoding="utf-8")
    assert d.plot(kind)._repr_mimebundle_()["image/png"] == png.read_bytes()


def test_text_stays_inside_the_figure_and_labels_inside_their_cells():
    figure = derived("log(det(X))", "X", "X").plot().figure
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = figure.bbox.size
    boxes = [t.get_window_extent() for t in figure.axes[0].texts]
    assert all(b.x0 >= 0 and b.x1 <= width and b.y0 >= 0 and b.y1 <= height for b in boxes)
    for k, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[k + 1 :])


def test_repeats_are_told_apart_without_colour():
    from matplotlib.patches import Rectangle

    picture = derived("A*B", "A").plot(m=2, n=2, p=2)
    hatches = [
        p.get_hatch()
        for p in picture.figure.axes[0].patches
        if isinstance(p, Rectangle) and p.get_height() > 0.3 and p.get_hatch()
    ]
    assert len(hatches) == 8 and len(set(hatches)) == 4


def test_hatchings_are_small_in_svg():
    from eingrad.pictures.paper import PATTERNS

    n = len(PATTERNS)
    svg = derived("A*B", "A", A="2 1", B=f"1 {n}").plot()._repr_mimebundle_()["image/svg+xml"]
    assert svg.count("<pattern") >= n and len(svg) < 20_000 + 12_000 * n


@pytest.mark.parametrize(
    ("text", "by", "layout", "across"),
    [
        ("sin(a)*v", "a", "denominator", 3),
        ("sin(a)*v", "a", "numerator", 1),
        ("v'*v", "v", "numerator", 3),
        ("v'*v", "v", "denominator", 1),
    ],
)
def test_rows_lie_across_and_columns_down(text, by, layout, across):
    picture = derived(text, by, layout=layout, v="n").plot(n=3)
    assert len(picture.text().split("\n\n")[1].splitlines()) == 4 - across
    assert picture.shape.startswith("1×n" if across == 3 else "n,")
    assert picture.caption.text.endswith("in column i" if across == 3 else "in row i")


def test_other_suffixes_and_bad_places_are_clear_errors(tmp_path):
    picture = derived("x'*x", "x").plot()
    for name in ("p.pdf", "p", "p.png.gz"):
        with pytest.raises(InputError, match="cannot write"):
            picture.save(tmp_path / name)
    with pytest.raises(InputError, match="cannot write"):
        picture.save(tmp_path / "nowhere" / "p.png")
    assert not list(tmp_path.iterdir())


def test_text_and_import_need_no_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import eingrad\n"
        "p = eingrad.derivative('A*B', 'A').plot()\n"
        "assert 'b_11' in p.text()\n"
        "try: p.save('p.png')\n"
        "except eingrad.errors.UnsupportedError as e: print(e)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "eingrad[plot]" (text() works without it)' in run.stdout


def test_a_contracted_derivative_is_drawn_under_a_name_of_its_own():
    picture = eingrad.hessian_diagonal("sum(exp(A*x))", "x").plot(m=3, n=2)
    assert picture.title.startswith("D = diagonal of ∂²y/∂x² = ")
    assert "d_i in row i" in picture.text() and "∂y/∂x_i" not in picture.text()
    other = eingrad.hessian_diagonal("sum(exp(D*x))", "x").plot(m=3, n=2)
    assert other.title.startswith("E = ")


def test_a_derivative_along_a_direction_is_not_said_to_be_by_a_step():
    d = eingrad.jvp(eingrad.parse("A*B", A="2 3", B="3 2"), "A")
    text = d.plot().text()
    assert "∂t" not in text and "along dA" in text
    assert "d_ij in row i, column j" in text
    assert "∂t" not in eingrad.curvature(eingrad.parse("x'*A*x", x="2"), "x").plot().text()
