"""A file is read in one sitting, a function in one look; tests weigh more than what they test."""

from __future__ import annotations

import statistics

from tests.architecture.source_tree import functions, source_files, test_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
HIGHEST_COMPLEXITY = 10
BRANCHING_SHARE = 0.01
TEST_SHARE = 1.2


def test_files_fit_one_sitting():
    long = {file.name: file.text.count("\n") for file in (*source_files(), *test_files())}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_functions_fit_one_look():
    ours = [function for file in source_files() for function in functions(file)]
    tests = [function for file in test_files() for function in functions(file) if ":test_" in function.place]
    every = [*ours, *tests]  # what a test's fixture holds may be as long as the thing it stands for
    assert [function for function in every if function.code_lines > LONGEST_FUNCTION] == []
    assert statistics.median(function.code_lines for function in every) <= 12


def test_functions_branch_little():
    # ruff refuses every function over ten by its measure (C901); this one counts `and`, `or` and comprehensions too.
    every = [function for file in source_files() for function in functions(file)]
    branching = [function for function in every if function.complexity > HIGHEST_COMPLEXITY]
    assert len(branching) <= BRANCHING_SHARE * len(every), branching


def test_tests_outweigh_source():
    source = sum(file.text.count("\n") for file in source_files())
    tests = sum(file.text.count("\n") for file in test_files())
    assert tests >= TEST_SHARE * source, f"{tests} lines of tests for {source} lines of source"
