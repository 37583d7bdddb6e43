"""The report's equations, (1) to (46), in our letters: what each says, and what holds where the print is wrong.

N samples, C classes; x is an image, y its true label; T[i, j] = P(noisy = i | true = j); p is the posterior of the true
label, q that of the noisy one; L(y, p) a loss; e_y the one-hot row of a label.
"""

from typing import NamedTuple


class Formula(NamedTuple):
    """An equation. lines: as a terminal can show them. holds: what is right where these lines are not, else ""."""

    title: str
    lines: str
    holds: str = ""


COLUMNS = """    [ P(noisy = 1 | true = 1)  ...  P(noisy = 1 | true = C) ]
T = [          ...             ...            ...           ]
    [ P(noisy = C | true = 1)  ...  P(noisy = C | true = C) ]"""

FORMULAS = {
    1: Formula("random noise", "P(noisy = i | true = j, x) = rho  for every i != j"),
    2: Formula("random noise, the label that stays right", "P(noisy = i | true = i, x) = 1 - (C - 1) rho"),
    3: Formula("class-conditional noise", "P(noisy = i | true = j, x) = P(noisy = i | true = j)  for every i != j"),
    4: Formula(
        "what EM maximises",
        "L(theta) = sum_n log P(x_n | noisy_n, theta)",
        "(5) and (6) with the label drawn as well, sum_n log P(x_n, noisy_n | theta), whose maximum is the same\n"
        "where T and the prior are free; where they are given it is another",
    ),
    5: Formula(
        "the E-step",
        "P(true_n | x_n, noisy_n, theta) = P(x_n, true_n | noisy_n, theta) / P(x_n | noisy_n, theta)",
    ),
    6: Formula(
        "the M-step",
        "L(theta) = sum_n P(true_n | x_n, noisy_n, theta) log P(x_n, true_n | noisy_n, theta)",
        "sum over the hidden label too, with the weights (5) at the old theta:\n"
        "L(theta) = sum_n sum_j P(j | x_n, noisy_n, theta_old) log P(x_n, noisy_n, j | theta)",
    ),
    7: Formula("what a plain classifier learns", "q(x) = [P(noisy = 1 | x), ..., P(noisy = C | x)]"),
    8: Formula(
        "flipping back",
        "p = Q q,  Q[i, j] = P(true = i | noisy = j)",
        "p = T^-1 q, which follows from (3); (8) assumes that x says nothing once the noisy label is known",
    ),
    9: Formula("softmax regression", "P(noisy_n = c | x_n) = exp(w_c . x_n) / sum_l exp(w_l . x_n)"),
    10: Formula(
        "its log-likelihood",
        "sum_n sum_c Y_nc log (mu_nc^Y_nc)  with mu_nc of (9), Y_n = e_y of the noisy label",
        "sum_n sum_c Y_nc log mu_nc: either the factor or the exponent (equal for labels 0 and 1, not for soft ones)",
    ),
    11: Formula(
        "its gradient",
        "grad_W = sum_n (mu_n - Y_n) (x) x_n",
        "this is the gradient of minus (10), the loss; that of (10) has the other sign",
    ),
    12: Formula(
        "the label after flipping back",
        "argmax Q [P(noisy = 1 | x), ..., P(noisy = C | x)]",
        "with T^-1 in place of Q, see (8)",
    ),
    13: Formula(
        "flip rates",
        "gamma[i, k] = P(noisy = k | true = j)",
        "gamma[j, k] = P(noisy = k | true = j) = T[k, j], so the rows of gamma sum to 1",
    ),
    14: Formula("the model of rMLR", "P(noisy_n = c | x_n) = sum_l gamma[l, c] P(true_n = l | x_n),  that is q = T p"),
    15: Formula("the clean posterior inside it", "P(true_n = l | x_n) = exp(w_l . x_n) / sum_j exp(w_j . x_n)"),
    16: Formula("its log-likelihood", "sum_n sum_c Y_nc log P(noisy_n = c | x_n)  with (14)"),
    17: Formula(
        "its gradient in w_k",
        "sum_n sum_c Y_nc / P(noisy_n = c | x_n)\n"
        "    * exp(w_k . x_n) x_n (sum_j (gamma[k, c] - gamma[j, c]) exp(w_j . x_n)) / (sum_l exp(w_l . x_n))^2",
        "sum_n (r_nk - p_nk) x_n,  r_nk = T[y_n, k] p_nk / sum_l T[y_n, l] p_nl: the same, shorter; the print lacks a\n"
        "bracket",
    ),
    18: Formula("the label that rMLR predicts", "argmax [P(true = 1 | x), ..., P(true = C | x)]  with (15)"),
    19: Formula(
        "learning the flip rates",
        "gamma[j, k] <- 1/C gamma[j, k] sum_n Y_nk / P(noisy_n = c | x_n) P(true_n = j | x_n)",
        "G[j, k] = sum of r_nj, see (17), over the samples labelled k;  gamma[j, k] <- G[j, k] / sum_l G[j, l].\n"
        "The index c is k, and the report's C is the sum of row j. It never lowers (16), and need not find the true T",
    ),
    20: Formula("images and labels", "P(x, y) = P(y | x) P(x)"),
    21: Formula(
        "layers",
        "f_i(x) = sigma(W_i x + b_i) for i < n,  f_n(x) = softmax(W_n x + b_n),  sigma(a) = max(0, a)",
        "f_n(x) = W_n x + b_n, the logits; the softmax of (22) comes after it, once",
    ),
    22: Formula(
        "softmax",
        "softmax(f(x))_c = exp(f(x)_c) / sum_l exp(f(x)_l)",
        "with the logits f(x): f(x) of (21) is a softmax already, and two of them give no class more than\n"
        "e / (e + C - 1)",
    ),
    23: Formula("cross-entropy", "L(y, p) = -log p_y"),
    24: Formula(
        "the corrected loss of two classes, -1 and +1",
        "L~(y, p) = ((1 - rho_-y) L(y, p) - rho_y L(-y, p)) / (1 - rho_+1 - rho_-1),\nrho_i = P(noisy = -i | true = i)",
        "this, with the label as first argument throughout; (25) has it second",
    ),
    25: Formula(
        "it is unbiased",
        "E_noisy[L~(p, noisy)] = L(p, true)",
        "E_noisy[L~(noisy, p)] = L(true, p): the label is corrected, never the prediction",
    ),
    26: Formula(
        "its empirical risk",
        "R = 1/N sum_n L~(noisy_n, P(noisy | x_n))",
        "R = 1/N sum_n L~(noisy_n, p_n): what is learnt with the corrected loss is the posterior of the true label",
    ),
    27: Formula(
        "the mean of that risk",
        "E_noisy[R] = 1/N sum_n L(true_n, P(noisy | x_n))",
        "E_noisy[R] = 1/N sum_n L(true_n, p_n), see (26)",
    ),
    28: Formula("the loss of every label", "L = [L(1, p), ..., L(C, p)]"),
    29: Formula("the transition matrix", COLUMNS),
    30: Formula("the corrected loss", "L~ = (T^T)^-1 L"),
    31: Formula(
        "it has the minimum of the clean loss",
        "argmin_p E_x,noisy[L~(y, p)] = argmin_p E_x,true[L~(y, p)]",
        "argmin_p E_x,noisy[L~(noisy, p)] = argmin_p E_x,true[L(true, p)]: the clean side has L",
    ),
    32: Formula(
        "because it is unbiased",
        "E_noisy|x[L~] = 1/C sum_i P(noisy = i | x) L~ = ... = E_true|x[T^T L~] = E_true|x[L]",
        "sum_i T[i, j] L~_i = L_j for every j, without 1/C",
    ),
    33: Formula("anchor points", "there is an x^i with P(x^i) > 0 and P(true = i | x^i) = 1"),
    34: Formula(
        "T from anchor points",
        "T[i, j] = P(noisy = i | x^j),  x^j = argmax_x P(noisy = j | x)",
        "the argmax finds an anchor of class j only where T[j, j] > T[j, k] for every k != j",
    ),
    35: Formula("a network that has learnt enough", "P^(noisy | x) = P(noisy | x)"),
    36: Formula("why (34) holds", "P(noisy = i | x) = sum_k T[i, k] P(true = k | x),  that is q = T p"),
    37: Formula("the transition matrix, once more", COLUMNS),
    38: Formula(
        "MNIST 0.5: half of the labels are wrong", "    [ 0.5  0.2  0.3 ]\nT = [ 0.3  0.5  0.2 ]\n    [ 0.2  0.3  0.5 ]"
    ),
    39: Formula("MNIST 0.6: 60 % are wrong", "    [ 0.4  0.3  0.3 ]\nT = [ 0.3  0.4  0.3 ]\n    [ 0.3  0.3  0.4 ]"),
    40: Formula("CIFAR", "T = ?", "unknown to the methods; this package draws the labels with (39)"),
    41: Formula("the inverse transition matrix", "Q[i, j] = P(true = i | noisy = j)"),
    42: Formula(
        "Q under balanced classes",
        "Q = T^T",
        "only if the noisy labels are balanced as well: if the rows of T sum to 1 like its columns",
    ),
    43: Formula(
        "Bayes' rule",
        "T[i, j] = Q[j, i] P(noisy = i) / P(true = j) = Q[j, i]",
        "the first equation always; the second as (42)",
    ),
    44: Formula("accuracy", "A = 1/N sum_n [predicted_n = y_n]"),
    45: Formula(
        "T of CIFAR by rMLR, with deviations over repetitions",
        "[ 0.336 (0.0039)  0.353 (0.0149)  0.315 (0.0146) ]\n"
        "[ 0.341 (0.0105)  0.331 (0.0080)  0.327 (0.0181) ]\n"
        "[ 0.324 (0.0137)  0.316 (0.0209)  0.359 (0.0318) ]",
    ),
    46: Formula(
        "T of CIFAR by the network",
        "[ 0.366 (0.0371)  0.277 (0.0781)  0.283 (0.0574) ]\n"
        "[ 0.329 (0.0345)  0.414 (0.0837)  0.326 (0.0472) ]\n"
        "[ 0.304 (0.0479)  0.309 (0.0637)  0.391 (0.0625) ]",
        'the text says that "both approximations show an increase in flipping rates"; 0.414 is a decrease against\n'
        "the 0.4 of (39), and with this deviation neither is shown",
    ),
}
