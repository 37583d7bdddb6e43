"""Mutants that survive because they change nothing that can be seen, each with the reason.

(file, function, line before, line after), without indentation: line numbers move, these move with the code.
"""

SQUARE = "the matrix is square"
UNIFORM = 'p = np.full(C, 1 / C) if p is None else check_prior(p, C, "p")'

TRANSITION = {
    **{
        (
            "information_fractions",
            UNIFORM,
            UNIFORM.replace("1 / C", other),
        ): "a factor of all of p cancels in the shares"
        for other in ("1 + C", "1 * C", "1 ** C", "1 % C", "2 / C")
    },
    (
        "singular",
        "return bool(self.singular_values[-1] < len(self) * np.finfo(np.float64).eps * self.singular_values[0])",
        "return bool(self.singular_values[-1] <= len(self) * np.finfo(np.float64).eps * self.singular_values[0])",
    ): "the bound is one of rounding: that a singular value equals it is an accident",
    **{
        (
            "_check_transition",
            "if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] < 2:",
            f"if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[ {other}] < 2:",
        ): SQUARE
        for other in (1, -1)
    },
    (
        "true_posterior",
        "return np.where(total > 0, joint / np.where(total > 0, total, 1), p)",
        "return np.where(total > 0, joint / np.where(total > 0, total, 2), p)",
    ): "the quotient is not taken where total is 0",
    (
        "_sums_to_one",
        "return np.abs(sums - 1).max(initial=0) <= within",
        "return np.abs(sums - 1).max(initial= -1) <= within",
    ): "both are below any absolute value",
    (
        "_most_collinear",
        "cosine = unit.T @ unit - 2 * np.eye(len(array))",
        "cosine = unit.T @ unit - 3 * np.eye(len(array))",
    ): "the diagonal is below any other cosine with 2 already",
    (
        "_most_collinear",
        "cosine = unit.T @ unit - 2 * np.eye(len(array))",
        "cosine = unit.T @ unit - 2 - np.eye(len(array))",
    ): "the diagonal is 1 below a cosine of 0, and a T whose columns are all orthogonal is not ill-conditioned",
    (
        "check_prior",
        "if prior.shape != (n_classes,) or not (prior >= 0).all() or abs(prior.sum() - 1) > 1e-6:",
        "if prior.shape != (n_classes,) or not (prior >= 0).all() or abs(prior.sum() - 1) >= 1e-6:",
    ): "no sum is that very number away from 1",
    (
        "cond",
        'return float(largest / smallest) if smallest > 0 else float("inf")',
        'return float(largest / smallest) if smallest != 0 else float("inf")',
    ): "a singular value is not negative",
}
NOISE = {
    (
        "_check_rate",
        "if not 0 <= rate <= largest + 1e-12:",
        "if not 0 <= rate < largest + 1e-12:",
    ): "1e-12 is room for rounding, not a bound of its own",
    (
        "check_labels",
        "if not (np.issubdtype(y.dtype, np.integer) or y.dtype == bool):",
        "if not (np.issubdtype(y.dtype, np.integer) or y.dtype <= bool):",
    ): "of all types bool alone becomes bool without loss",
    (
        "random_transition",
        "if (np.diag(T) > np.maximum(off.max(axis=0), off.max(axis=1))).all():",
        "if (np.diag(T) >= np.maximum(off.max(axis=0), off.max(axis=1))).all():",
    ): "two random numbers are not equal",
    (
        "check_labels",
        "if y.ndim != 1 or y.size == 0:",
        "if y.ndim != 1 or y.size <= 0:",
    ): "a size is not negative",
    (
        "_positions",
        "return index, T, names.astype(object) if labels.dtype == object else names",
        "return index, T, names.astype(object) if labels.dtype >= object else names",
    ): "to no other type can every object be converted",
}
LOSSES = {
    (
        "objective_grad",
        'if self.risk == "clip":',
        'if self.risk <= "clip":',
    ): "of the names of the risks none comes before clip",
    (
        "objective_grad",
        'if self.risk == "relu":',
        'if self.risk >= "relu":',
    ): "of the names of the risks none comes after relu",
    (
        "objective_grad",
        "signed = signed * (R > 0)",
        "signed = signed * (R >= 0)",
    ): "at 0 the risk has a kink, where either slope is right",
    (
        "objective_grad",
        "signed = signed * (R.sum() > 0)",
        "signed = signed * (R.sum() >= 0)",
    ): "at 0 the risk has a kink, where either slope is right",
    (
        "objective",
        'if self.risk == "clip":',
        'if self.risk <= "clip":',
    ): "of the names of the risks none comes before clip",
    (
        "objective_grad",
        "signed = signed * np.sign(R.sum() - self.flood_level)",
        "signed = signed / np.sign(R.sum() - self.flood_level)",
    ): "a sign is 1 or -1, but at the kink, where no sum lies",
}
HOC = {
    (
        "share_derivatives",
        "by_prior = np.concatenate([T, products.reshape(-1, C), triples.reshape(-1, C)])",
        f"by_prior = np.concatenate([T, products.reshape({first}, C), triples.reshape({second}, C)])",
    ): "to NumPy every negative length stands for what is left"
    for first, second in (("~1", "-1"), ("-1", "~1"), ("- 2", "-1"), ("-1", "- 2"))
} | {
    (
        "share_derivatives",
        "by_T = np.concatenate([part.reshape(-1, C, C) for part in (single, pair, triple)])",
        "by_T = np.concatenate([part.reshape(- 2, C, C) for part in (single, pair, triple)])",
    ): "to NumPy every negative length stands for what is left",
    ("fit_consensus", "if gained < 1e-6:", "if gained <= 1e-6:"): "no gain is that very number",
    ("hoc", "if (labelled == 0).any():", "if (labelled <= 0).any():"): "a count is not negative",
    (
        "share_derivatives",
        "return np.concatenate([by_T.reshape(len(by_T), -1), by_prior], axis=1)",
        "return np.concatenate([by_T.reshape(len(by_T), - 2), by_prior], axis=1)",
    ): "to NumPy every negative length stands for what is left",
    (
        "two_nearest",
        "for start in range(0, len(X), BLOCK):",
        "for start in range( -1, len(X), BLOCK):",
    ): "row -1 is the last one, which is done once more",
    (
        "fit_consensus",
        "logits = np.log(np.concatenate([0.5 * np.eye(C) + 0.5 / C, np.full((1, C), 1 / C)]))",
        "logits = np.log(np.concatenate([0.5 * np.eye(C) + 0.5 / C, np.full((1, C), 1 * C)]))",
    ): "a softmax ignores shifts",
}
DUAL = {
    (
        "dual",
        f"diagnostics = {{{PARTS} np.flatnonzero(predicted == 0)}}",
        f"diagnostics = {{{PARTS} np.flatnonzero(predicted <= 0)}}",
    ): "a count is not negative"
    for PARTS in ('"anchors_of": A, "labels_of": S, "never_predicted":',)
} | {
    (
        "dual",
        "S = np.divide(S, predicted, out=A.copy(), where=predicted > 0)",
        "S = np.divide(S, predicted, out=A.copy(), where=predicted != 0)",
    ): "a count is not negative"
}
VOLMIN = {
    (
        "bounded_columns",
        "sigmoid = 1 / (1 + np.exp(-np.clip(V, -500, 500)))",
        "sigmoid = 1 / (1 + np.exp(-np.clip(V, ~500, 500)))",
    ): "exp(501) is finite as well",
    (
        "volmin",
        "x, share = log_features(q), (1 - START) / START / (C - 1)",
        "x, share = log_features(q), (1 % START) / START / (C - 1)",
    ): "what is left of 1 after 0.7",
}
REVISION = {
    (
        "t_revision",
        "x, held = log_features(q), np.random.default_rng(0).permutation(len(q)) % HELD_OUT == 0",
        "x, held = log_features(q), np.random.default_rng( 1).permutation(len(q)) % HELD_OUT == 0",
    ): "another fifth, as good as the first",
}
LINEAR_FEATURES = {
    (
        "unpack",
        "return v[:-n_classes].reshape(-1, n_classes), v[-n_classes:]",
        "return v[:-n_classes].reshape(- 2, n_classes), v[-n_classes:]",
    ): "to NumPy every negative length stands for what is left",
} | {
    (
        "log_features",
        f"return np.divide({DIVIDED}, where=spread > 0)",
        f"return np.divide({DIVIDED}, where=spread != 0)",
    ): "no spread is negative"
    for DIVIDED in ("x - x.mean(axis=0), spread, out=np.zeros_like(x)",)
}
SELECTIVE = {
    (
        "purest",
        "purity = possible * counts[:, j] / number",
        "purity = possible + counts[:, j] / number",
    ): "1 more for all that are possible puts them first as well, in the same order",
}
KERNEL_LOSSES = {
    ("log_entries", f"for {index} in range(T.shape[{axis}]):", f"for {index} in range(T.shape[ {other}]):"): SQUARE
    for index, axis, other in (("i", 0, 1), ("i", 0, -1), ("j", 1, 0))
}
KERNEL_LOSSES |= {
    ("joint_logits", line, line.replace("> -np.inf", "!= -np.inf")): "nothing is below -inf, and T has no NaN"
    for line in (
        "if log_T[j] > -np.inf:",
        "joint[j] = (z[j] - top_allowed) + log_T[j] if log_T[j] > -np.inf else -np.inf",
    )
}
REGRESSION = {("flip_rate_update", "C = gamma.shape[0]", f"C = gamma.shape[ {other}]"): SQUARE for other in (1, -1)} | {
    ("linear_loss_grad", "label = y[n : n + 1]", "label = y[n : n + 2]"): "one row of logits: one label is read"
}
KERNEL_LAYERS = {
    (
        "relu_backward",
        "flat, flat_dy = x.reshape(-1), dy.reshape(-1)",
        "flat, flat_dy = x.reshape(-1), dy.reshape(~1)",
    ): "to NumPy every negative length stands for what is left",
}
FRAMES = {
    (
        "__init__",
        "self.pad = self.rows[0] if self.equal else 0",
        "self.pad = self.rows[ 1] if self.equal else 0",
    ): "where margins are equal, one stands for all"
}
NETWORK = {
    (
        "logits",
        'if not hasattr(x, "shape") or len(x.shape) < 1 or len(x) == 0:',
        'if not hasattr(x, "shape") or len(x.shape) < 1 or len(x) <= 0:',
    ): "a length is not negative"
} | {
    (None, f"INFERENCE_BATCH = 500{COMMENT}", f"INFERENCE_BATCH = {other}{COMMENT}"): "memory alone depends on it"
    for COMMENT in ("  # images at a time outside training: bounds the memory",)
    for other in (499, 501)
}

EDITS = {
    (
        "edits",
        f'yield name, getattr(node, "lineno", 0), {TEXT}',
        f'yield name, getattr(node, "lineno", {other}), {TEXT}',
    ): "every node that a rule edits has a line: all 314,084 edits of the wrong solutions"
    for TEXT in (r'"\n".join([*texts[:k], edited, *texts[k + 1 :]])',)
    for other in (1, -1)
}
EXPRESSIONS = {
    (
        "operators",
        f'if not whole or name == "wrong_sign":{COMMENT}',
        f'if not whole or name >= "wrong_sign":{COMMENT}',
    ): "no name of OPERATORS comes after it"
    for COMMENT in ("  # k * 1 is k: no evidence for a wrong operator",)
}

EXPLAINED = {
    (f"scratchnoise/{file}.py", *change): reason
    for file, changes in {
        "transition": TRANSITION,
        "noise": NOISE,
        "losses": LOSSES,
        "course/checker/edits": EDITS,
        "course/checker/slips/expressions": EXPRESSIONS,
        "estimate/dual": DUAL,
        "estimate/hoc": HOC,
        "estimate/linear": LINEAR_FEATURES,
        "estimate/revision": REVISION,
        "estimate/volmin": VOLMIN,
        "estimate/selective": SELECTIVE,
        "network/frames": FRAMES,
        "network/network": NETWORK,
        "kernels/loops/layers": KERNEL_LAYERS,
        "kernels/loops/losses": KERNEL_LOSSES,
        "kernels/loops/softmax_regression": REGRESSION,
    }.items()
    for change, reason in changes.items()
}
