"""The table of the further methods: means of the last epoch, each beside the plain method of its kind."""

import pytest

from scratchnoise.study import further_methods
from scratchnoise.study.further_methods import SETTINGS

MEANS = {"MLR (own settings)": 0.8, "NN": 0.7, "k-NN": 0.6, "NN mixup": 0.75, "NN flooding": 0.7}


@pytest.fixture
def rows():
    """Three draws of each method; networks have an earlier epoch that is no result; draws differ by 0.01."""
    found = []
    for (data, noise), less in zip(SETTINGS, (0.0, 0.2), strict=True):
        for draw in range(3):
            for method, mean in MEANS.items():
                row = {"data": data, "noise": noise, "method": method, "draw": draw, "repetition": draw}
                row["accuracy"] = mean - less + 0.01 * draw + 0.0001 * (draw == 1) * (method == "k-NN")
                if method == "NN flooding":
                    row["accuracy"] += 0.1 * (draw - 1)
                if method.startswith("NN"):
                    found.append(row | {"epoch": 2, "accuracy": 0.01})
                found.append(row | {"epoch": 6 if method.startswith("NN") else None})
    return found


def test_a_network_is_held_against_the_plain_one_and_the_others_against_softmax_regression(rows):
    heading, _, *lines = further_methods.table(rows)
    assert "noise (38) | less plain" in heading
    by_name = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in lines}
    assert list(by_name) == ["MLR (own settings)", "NN", "k-NN", "NN mixup", "NN flooding"]
    assert by_name["NN"][0] == "0.710 (0.010)" and by_name["NN"][1] == "", "nothing is held against itself"
    assert by_name["NN mixup"][1] == "+0.050 [+0.050, +0.050]" and by_name["k-NN"][1].startswith("-0.200 [-0.200")
    assert by_name["NN mixup"][2] == "0.560 (0.010)"


def test_the_sentences_count_what_is_shown(rows):
    draws, networks, others, *_ = further_methods.described(rows)
    assert draws.startswith("3 draws")
    assert networks == (
        "Fashion-MNIST, noise (38), networks less NN: shown to be better 1 of 2 (NN mixup +0.050); worse 0"
    )
    assert others.endswith("less MLR (own settings): shown to be better 0 of 1; worse 1 (k-NN -0.200)")
    exchanged = {"NN": "NN mixup", "NN mixup": "NN"}
    swapped = [row | {"method": exchanged.get(row["method"], row["method"])} for row in rows]
    assert "better 0 of 2; worse 1 (NN mixup -0.050)" in further_methods.described(swapped)[1]
