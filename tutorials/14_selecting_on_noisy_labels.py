# %% [markdown]
# # Selecting on noisy labels
#
# Question: which $T$ is right, when all labels are noisy, the validation labels too? A search by the usual score of
# probabilities, the log loss of `predict_proba`, chooses the identity. A search by the likelihood of the noisy labels
# chooses the truth.
#
# Equations: the noise model (3), (36); robust softmax regression (13), (14).
#
# Running time: about three seconds. Next: tutorial 06 estimates $T$ where there is no list of candidates.

# %%
import numpy as np

from scratchnoise import RobustSoftmaxRegression, noise
from scratchnoise.estimate import stratified_folds

rng = np.random.default_rng(0)
y = rng.integers(4, size=1500)
X = rng.normal(size=(1500, 2)) + 4 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[y]
y_noisy = noise.corrupt(y, noise.pair_flip(4, 0.4), rng)  # 40 % of each class carry the next label
print(f"share of wrong labels: {(y != y_noisy).mean():.2f}")

# %% [markdown]
# ## Why the log loss of the clean posterior is wrong
#
# The noisy label of a sample with features $x$ is drawn from $q^*(x)$. Let a model state probabilities $r(x)$ for it.
# Its expected loss at $x$ is
#
# $$E[-\log r_{\tilde y}] = -\sum_i q^*_i \log r_i = H(q^*) + \sum_i q^*_i \log \frac{q^*_i}{r_i}.$$
#
# $H(q^*)$, the entropy of the labels, does not depend on the model. The other term is the Kullback-Leibler divergence.
# It is never negative, and it is 0 only where $r = q^*$. So the loss is least where $r$ is the distribution *of the
# labels that are scored*.
#
# The labels are noisy, and `predict_proba` is the clean posterior $p$. Scored on noisy labels, the right $p$ loses
# to every model whose output resembles $q^* = T p$. A model with $T = I$ has learnt $q^*$ as well as it can, so the
# search prefers it. The right thing to score is $q = T p$: `predict_noisy_proba`. The mean of $\log q_{\tilde y}$ is
# `noisy_log_likelihood`. For scikit-learn's searches there is a scorer: `GridSearchCV(model, grid,
# scoring=noisy_scorer)`. The cell below does the same by hand.

# %%
candidates = {rate: noise.pair_flip(4, rate) for rate in (0.0, 0.2, 0.3, 0.4)}
model = RobustSoftmaxRegression(l2=1e-3, random_state=0)


fold = stratified_folds(y_noisy, 3, rng)


def neg_log_loss(model, X, y):
    """The mean logarithm of the clean posterior at the labels."""
    p = model.predict_proba(X)[np.arange(len(y)), y]
    return np.log(np.maximum(p, np.finfo(float).eps)).mean()


def search(score):
    """The mean score of each candidate, by 3-fold cross-validation on noisy labels."""
    means = []
    for T in candidates.values():
        model.set_params(T=T)
        scores = []
        for k in range(3):
            model.fit(X[fold != k], y_noisy[fold != k])
            scores.append(score(model, X[fold == k], y_noisy[fold == k]))
        means.append(np.mean(scores))
    return means


clean_loss = search(neg_log_loss)
noisy_likelihood = search(lambda model, X, y: model.noisy_log_likelihood(X, y))
accuracy = [model.set_params(T=T).fit(X, y_noisy).score(X, y) for T in candidates.values()]
print("rate of T   neg_log_loss   noisy likelihood   accuracy on true labels")
for row in zip(candidates, clean_loss, noisy_likelihood, accuracy, strict=True):
    print("{:9.1f} {:14.3f} {:18.3f} {:25.3f}".format(*row))

# %% [markdown]
# ## What the likelihood cannot tell
#
# It compares models that differ in $q$. Where two pairs of $T$ and $p$ give the same $q$, it cannot choose between
# them. A flexible network with $T = I$ can learn $q^*$ exactly, and its noisy likelihood is then as good as that of the
# right model. The search above works because a linear $p$ behind the wrong $T$ cannot reach $q^*$. Use the
# likelihood to choose a penalty, a learning rate or the number of passes at a fixed $T$; between matrices, prefer
# an estimate (tutorial 06), and look at differences of the likelihood with suspicion when they are small.

# %%
rates = list(candidates)
print("chosen by neg_log_loss:", rates[np.argmax(clean_loss)])
print("chosen by the noisy likelihood:", rates[np.argmax(noisy_likelihood)])
assert rates[np.argmax(clean_loss)] == 0.0, "the clean posterior's loss picks the identity"
assert rates[np.argmax(noisy_likelihood)] == 0.4, "the noisy likelihood picks the truth"
assert accuracy[-1] == max(accuracy), "and the truth is the most accurate"
