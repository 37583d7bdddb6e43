"""Which single edit makes a wrong solution right: the mistake, with its line, though nobody has written it down before.

Every edit is tried on the failing input first; one that gives the right numbers has to pass all checks as well.
"""

import time

from .edits import edits
from .failure import Failure, Stopped

SECONDS, PATIENCE = 3.0, 15.0  # of CPU and on the clock for all edits of one solution, on a quiet machine and any
HINTS = {
    "absolute_value": "the absolute value loses the sign.",
    "added_for_multiplied": "`+` stands where `*` belongs.",
    "added_where_assigned": "`+=` adds to what was there before; a plain `=` is meant.",
    "another_exponential": "this is another function than exp.",
    "another_generator": "the draw has to come from `rng`: the same seed has to give the same result.",
    "another_logarithm": "the logarithm is the natural one, np.log.",
    "another_power": "the exponent is wrong.",
    "another_precision": "the result should have the dtype of the argument.",
    "another_size": "the length of another axis is meant: look at the index of .shape.",
    "another_variable": "a variable stands where another one belongs.",
    "assigned_where_added": "`=` overwrites what was there; it has to be added, `+=`, or subtracted, `-=`.",
    "axis_forgotten": "without axis= the whole array is taken together: which axis is meant?",
    "axis_missing": "the shapes do not belong together: one number for each row needs a second axis, [:, None].",
    "border_case": "`<` and `<=`, or `>` and `>=`, differ in the border case.",
    "clipped": "the value is bounded here, which makes it wrong where the bound is reached.",
    "column_for_row": "a column stands where a row is meant: [j], not [:, j].",
    "comparison_reversed": "the comparison points the other way.",
    "condition_reversed": "the condition has to be the opposite.",
    "divided_for_multiplied": "`/` stands where `*` belongs.",
    "divided_without_need": "this division does not belong there.",
    "entry_by_entry": "`*` multiplies entry by entry; a matrix product, `@`, is meant.",
    "every_column": "[:, y] takes the columns y of every row: pick one entry of each row, [np.arange(N), y].",
    "factor_too_many": "one factor does not belong there.",
    "factor_missing": "a factor is missing.",
    "fraction_for_quotient": "`/` gives a fraction; `//` is meant.",
    "in_place": "an operation such as `-=` writes into the caller's array: make a new one instead.",
    "indented_too_far": "a statement is repeated in the loop that belongs after it: look at the indentation.",
    "index_missing": "one index is missing: the whole row, or every column, is meant by what is written.",
    "indices_swapped": "two indices have changed places.",
    "integer_division": "`//` drops the fraction.",
    "inverse_forgotten": "T stands where its inverse belongs.",
    "inverted_without_need": "the inverse stands where T itself belongs.",
    "keepdims_forgotten": "a sum or a maximum along an axis loses that axis, so the shapes do not fit: keepdims=True.",
    "keepdims_without_need": "keepdims=True keeps an axis that is not wanted here.",
    "largest_for_smallest": "the largest is taken where the smallest is meant.",
    "matrix_product": "`@` is a matrix product; a product entry by entry, `*`, is meant.",
    "mean_for_sum": "a mean is taken where the sum is meant.",
    "multiplied_for_added": "`*` stands where `+` belongs.",
    "multiplied_for_divided": "`*` stands where `/` belongs.",
    "not_divided": "a division by the number of samples is missing.",
    "not_indented": "a statement after the loop, or after the condition, belongs into it: look at the indentation.",
    "not_whole_numbers": "labels are whole numbers: an array of zeros is one of floats, unless dtype=int.",
    "not_normalised": "the numbers have to be divided by their own sum, along the right axis.",
    "logarithm_forgotten": "a logarithm is missing.",
    "exponential_forgotten": "an exponential is missing.",
    "off_by_one": "a bound or an index is off by one.",
    "one_function_too_many": "one function does not belong there.",
    "operands_swapped": "the two sides of the operator have changed places.",
    "order_of_statements": "two statements are in the wrong order.",
    "overflow": "exp of a large number is inf. What may be subtracted from every logit of a row?",
    "quotient_for_remainder": "`//` stands where `%` belongs.",
    "remainder_for_quotient": "`%` stands where `//` belongs.",
    "repeated_index": "a[index] += b adds once where an index occurs twice: np.add.at adds every time.",
    "results_swapped": "the two results have changed places.",
    "row_for_column": "a row stands where a column is meant: [:, j], not [j].",
    "rounded": "rounding makes the numbers wrong.",
    "small_number_added": "the small number makes every value a little wrong and the extreme ones very wrong.",
    "smallest_for_largest": "the smallest is taken where the largest is meant.",
    "starts_with_ones": "what is added up has to start with zeros.",
    "statement_too_many": "one statement does harm.",
    "step_missing": "range() counts one by one, unless it is given a step.",
    "step_of_the_slice": "the step of the slice is wrong.",
    "subtracted_for_divided": "`-` stands where `/` belongs.",
    "sum_for_mean": "a sum is taken where the mean is meant.",
    "term_missing": "a term is missing.",
    "term_too_many": "one term does not belong there.",
    "transposed": "a matrix is transposed where it should not be, or the other way round.",
    "wrong_axis": "the operation runs along the wrong axis.",
    "wrong_sign": "a sign is wrong.",
}


def repaired(spec, submission, process, failing, agrees, passes):
    """(name, hint) of the edit that makes the function of `spec` right, None where no single edit does.

    failing: whether there is an input on which agrees(student) can be asked first; passes(student) runs all checks.
    """
    names = [name for name in submission.names if name != spec.name]
    right = names[: submission.names.index(spec.name)]
    cpu, wall = time.process_time() + SECONDS, time.monotonic() + PATIENCE
    for name, line, source in edits(submission.tree, right):
        if time.process_time() > cpu or time.monotonic() > wall:
            return None
        try:
            student = submission.functions(process, source)[spec.name]
            if (not failing or agrees(student)) and passes(student):
                return name, f"one change makes it right, in line {line}: {HINTS[name]}"
        except Failure:
            continue
        except Stopped:  # an edit can make a loop endless
            return None
    return None
