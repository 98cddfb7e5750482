"""The list of mutations fits the code: each replaces text that is there, with other text."""

import pytest

from tests.mutation.__main__ import ROOT, Mutation, mutated, read_mutations


@pytest.mark.parametrize("mutation", read_mutations(), ids=lambda each: each.name)
def test_a_mutation_changes_code_that_is_there(mutation: Mutation) -> None:
    assert mutated(mutation) != (ROOT / mutation.file).read_text(encoding="utf-8")
    assert all((ROOT / each).exists() for each in mutation.tests)
