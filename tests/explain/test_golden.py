"""The derivations of the main table, word by word; `goldens` says how to write them anew."""

import pytest

from tests.explain.goldens import FOLDER, rows, text


@pytest.mark.parametrize("name", rows())
def test_a_derivation_reads_as_it_was_read_and_found_good(name):
    assert text(rows()[name]) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_there_is_a_file_for_each_row_and_no_other():
    assert {p.stem for p in FOLDER.glob("*.txt")} == set(rows())
