"""The slips that people make, as rules of the syntax tree, the commonest first."""

from . import calls, expressions, omissions, statements

RULES = (
    calls.shifts,
    calls.keepdims,
    calls.axes,
    statements.additions,
    statements.accumulates,
    calls.twins,
    calls.generators,
    expressions.signs,
    expressions.comparisons,
    calls.unwrapped,
    expressions.operators,
    expressions.transposes,
    expressions.subscripts,
    statements.returned_tuples,
    expressions.normalisations,
    expressions.inverses,
    expressions.moved_by_one,
    expressions.inserted_axis,
    statements.indentation,
    statements.statements,
    omissions.results,
    omissions.indices,
    omissions.steps,
    omissions.kinds,
    omissions.loops,
    omissions.divisions,
    omissions.factors_and_terms,
    expressions.other_variables,
)
