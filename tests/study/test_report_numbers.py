import numpy as np
import pytest

from scratchnoise.study.cells import cells
from scratchnoise.study.report_numbers import (
    REPORT_T_RLR,
    REPORT_T_RNN,
    REPORT_TABLE_1,
    REPORT_TABLE_2,
    REPORT_TABLE_3,
    TABLE_3_ROWS,
)

# The tables as the report prints them, in its own columns.
PRINTED_2 = """
MLR	0.955 (0.0140)	0.746 (0.0468)
NN	0.953 (0.0092)	0.745 (0.0560)
"""
PRINTED_3 = """
MLR	0.764 (0.0183)	0.598 (0.044)	0.353 (0.0685)
MLR (Flipped)	0.834 (0.0166)	0.604 (0.048)	0.377 (0.0438)
rMLR	0.891 (0.0024)	0.812 (0.002)	0.477 (0.0074), 0.36 (0.0571)
rNN (2 Ep.)	0.863 (0.044)	0.842 (0.0315)	0.385 (0.0606)
rNN (2 Ep., Flipped)	0.726 (0.1993)	0.5733 (0.0976)	0.377 (0.0259)
rNN (7 Ep.)	0.931 (0.0049)	0.878 (0.0099)	0.470 (0.0751)
rNN (7 Ep., Flipped)	0.914 (0.0123)	0.775 (0.0295)	0.376 (0.0335)
rNN (30 Ep.)	0.6211 (0.0315)	0.482 (0.1024)	0.381 (0.0040)
rNN (30 Ep., Flipped)	0.9029 (0.0146)	0.808 (0.0153)	0.409 (0.0754)
"""
PRINTED_45 = """
0.336(0.0039)	0.353(0.0149)	0.315(0.0146)
0.341(0.0105)	0.331(0.0080)	0.327(0.0181)
0.324(0.0137)	0.316(0.0209)	0.359(0.0318)
"""
PRINTED_46 = """
0.366(0.0371)	0.277(0.0781)	0.283(0.0574)
0.329(0.0345)	0.414(0.0837)	0.326(0.0472)
0.304(0.0479)	0.309(0.0637)	0.391(0.0625)
"""


def numbers(text):
    """[(mean, sd), ...] from "0.764 (0.0183), ..."."""
    return [tuple(float(part) for part in pair.rstrip(")").split("(")) for pair in text.split(",")]


def printed(text):
    return [line.split("\t") for line in text.strip().splitlines()]


def test_table_2_is_the_reports():
    assert REPORT_TABLE_2 == {
        method: {"MNIST": numbers(mnist)[0], "CIFAR": numbers(cifar)[0]} for method, mnist, cifar in printed(PRINTED_2)
    }


def test_table_3_is_the_reports():
    for method, *columns in printed(PRINTED_3):
        first = {name: numbers(text)[0] for name, text in zip(("MNIST0.5", "MNIST0.6", "CIFAR"), columns, strict=True)}
        assert REPORT_TABLE_3[method] == first
    assert REPORT_TABLE_3["rMLR, second number"] == {"CIFAR": (0.36, 0.0571)}
    assert len(REPORT_TABLE_3) == 10


@pytest.mark.parametrize("ours, text", [(REPORT_T_RLR, PRINTED_45), (REPORT_T_RNN, PRINTED_46)])
def test_estimates_of_t_are_the_reports(ours, text):
    np.testing.assert_array_equal(ours, [[numbers(entry)[0] for entry in line] for line in printed(text)])
    np.testing.assert_allclose(np.array(ours)[..., 0].sum(axis=0), 1, atol=2e-3)


def test_table_1_is_the_reports():
    assert all(share == 0.33 for column in REPORT_TABLE_1.values() for kind in column.values() for share in kind)


def test_every_row_of_the_report_has_a_cell_measured_or_not(measurement):
    for data, noise, column in (
        ("fashion-mnist", "0.5", "MNIST0.5"), ("fashion-mnist", "0.6", "MNIST0.6"), ("cifar10", "hidden", "CIFAR"),
    ):  # fmt: skip
        found = [one for one in cells([measurement(data=data, noise=noise)]) if one.table == "3"]
        beside = {TABLE_3_ROWS[one.method, one.epoch]: (one.report_mean, one.report_sd) for one in found}
        assert beside == {name: row[column] for name, row in REPORT_TABLE_3.items() if column in row}
        assert {one.report_column for one in found} == {column}


def test_corrected_networks_stand_beside_the_flipped_rows(measurement):
    rows = [measurement(method, epoch=7) for method in ("NN", "NN backward", "NN backward (raw)", "NN forward")]
    means = {one.method: one.report_mean for one in cells(rows) if one.epoch == 7 and one.table == "3"}
    assert means == {"NN": 0.931, "NN backward": 0.914, "NN backward (raw)": None, "NN forward": None}
