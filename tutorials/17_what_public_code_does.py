# %% [markdown]
# # What public code does
#
# Question: tutorial 16 went from mistakes to properties. The other direction: take what public from-scratch projects
# do, right or wrong. What does `verify` say of it, and which errors would a project's own kind of test not see?
#
# Equations: (20)-(23) and their gradients; the gradient check of tutorial 10.
#
# Running time: seconds; the table takes a minute. Next: `check.audit` on a test of your own, see the README.
#
# Every construction was read in the public repository that is named, and is derived anew by us in a few lines; only the
# facts are taken from there: the formula, the style, the kind of test. The code is in `scratchnoise/check/gallery`, and
# `python -m scratchnoise.check.gallery.table` makes the rows. A construction that is not a gradient of its forward
# pass can still train a network, and most of these projects are meant for reading, not for use.

# %%
import json
from pathlib import Path

import numpy as np

import scratchnoise
from scratchnoise import check
from scratchnoise.check.gallery import layers, losses, own_tests

path = Path(scratchnoise.__file__).parent.parent / "tutorials" / "results" / "constructions.jsonl"
rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

# %% [markdown]
# ## The table
#
# `audit` plants errors in every backward pass and counts those that make a difference there, and how many of them the
# project's own kind of test lets through.
# All of it is on the page `tutorials/results/CONSTRUCTIONS.md`.

# %%
for row in rows:
    says = ", ".join(row["failed"]) or "right"
    print(f"{row['project']}: {row['construction']}")
    print(f"    verify: {says}; '{row['own test']}' misses {len(row['missed'])} of {row['counted']}\n")

# %% [markdown]
# Two of the constructions that fail are right gradients that change what belongs to somebody else: an upstream, and the
# weights of the layer. A test with an upstream of ones, or of the slope of the sum of the outputs, which is the same,
# lets the same five errors through whatever the layer: all of them are about the upstream.

# %% [markdown]
# ## Three of them, live
#
# A ReLU that writes its zeros into the upstream is right as long as nobody else reads that array. In a network where
# two layers get the same upstream, the second one gets the zeros of the first.

# %%
print(check.verify(losses.relu.forward, losses.relu.backward, (losses.Z,)))

# %% [markdown]
# The last layer of many networks ignores its upstream, because it is always 1 there. A loss that is scaled, or that is
# one of two, then has the gradient of the loss alone.

# %%
print(check.verify(losses.last.forward, losses.last.backward, (losses.Z, losses.ONE_HOT.astype(int))))

# %% [markdown]
# "It learns" is the most common test. Gradient descent forgives nearly every error that leaves a part of the direction
# right: a factor, a lost sample, a clipped upstream.

# %%
linear = next(c for c in layers.CONSTRUCTIONS if c.own_test == "it learns")
report = check.audit(linear.backward, lambda backward: own_tests.it_learns(linear, backward))
print(report)

# %% [markdown]
# ## What helps
#
# One change sees more than all others: an upstream of random numbers, and every entry compared. It is the one kind of
# test in the table that lets nothing through.

# %%
for row in sorted(rows, key=lambda row: len(row["missed"]) / max(row["counted"], 1)):
    print(f"{len(row['missed']):3} of {row['counted']:2} missed by '{row['own test']}': {row['construction']}")

# %% [markdown]
# ## The claim
#
# Wrong constructions are found, right ones pass, and the kinds of tests differ as the table says.

# %%
wrong = [row["construction"] for row in rows if row["failed"]]
assert len(rows) >= 15 and 5 <= len(wrong) < len(rows)
assert not check.verify(losses.relu.forward, losses.relu.backward, (losses.Z,))
assert not report and report["twice"].status == "failed" and report["wrong sign"].status == "ok"
missed = {}
for row in rows:
    missed.setdefault(row["own test"], []).append(len(row["missed"]) / row["counted"])
shares = {name: float(np.mean(values)) for name, values in missed.items()}
assert min(shares, key=shares.get) == "a random upstream, every entry" and shares["none"] == 1
print({name: f"{share:.0%}" for name, share in shares.items()})
