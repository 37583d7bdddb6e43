"""The way through the course: which tutorial teaches what an exercise asks, and what passing it opens."""

TAUGHT_BY = {
    **dict.fromkeys(("01", "02", "03"), "02_softmax_regression_by_hand"),
    **dict.fromkeys(("04", "05", "06"), "03_flipping_back"),
    "07": "04_the_corrected_loss",
    **dict.fromkeys(("08", "09"), "05_robust_softmax_regression"),
    "10": "06_finding_T_without_clean_labels",
    **dict.fromkeys(("11", "12"), "07_a_convolutional_network_by_hand"),
    "13": "11_from_one_to_a_hundred_gflops",
    "14": "16_a_museum_of_mistakes",
}
UNLOCKS = {
    "03": "softmax regression of your own functions",
    "09": "robust softmax regression of your own functions",
    "12": "a convolutional network of your own functions",
}
