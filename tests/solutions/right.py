"""Right solutions that look unusual: each way of writing one, for every function where it makes sense."""

from . import further
from .base import BASE

# Appended to a file whose function is right: what comes back is right as well, and has another form.
FORMS = {
    "lists": "as_lists = lambda a: a.tolist() if hasattr(a, 'tolist') else a",
    "fortran": "as_fortran = lambda a: np.asfortranarray(a) if np.ndim(a) else a",  # it makes a row of one number
    "view": "as_view = lambda a: np.stack([a, a], axis=-1)[..., 0]",
    "masked": "as_masked = lambda a: np.ma.masked_array(a)",
    "read_only": "def as_read_only(a):\n    a = np.array(a)\n    a.setflags(write=False)\n    return a",
    "subclass": "class Own(np.ndarray):\n    pass\nas_subclass = lambda a: np.asarray(a).view(Own)",
    "object_with_array": "class Holder:\n    def __init__(self, a): self.a = a\n"
    "    def __array__(self, *args, **kwargs): return np.asarray(self.a)\nas_object_with_array = Holder",
}
WIDE = {"longdouble": "as_longdouble = lambda a: np.asarray(a, np.longdouble)"}  # where no dtype has to stay
ONE = "\n{form}\n_plain = {name}\ndef {name}(*args):\n    return as_{kind}(_plain(*args))\n"
SEVERAL = "\n{form}\n_plain = {name}\ndef {name}(*args):\n    return {made}(map(as_{kind}, _plain(*args)))\n"
WRAPPED = {
    "lambda": "\n_plain = {name}\n{name} = lambda *args: _plain(*args)\n",
    "partial": "\nimport functools\n{name} = functools.partial({name})\n",
    "callable": "\nclass Call:\n    def __init__(self, f): self.f = f\n    def __call__(self, *args): return self.f(*args)\n"
    "{name} = Call({name})\n",
    "dataclass": "\nfrom dataclasses import dataclass\n_plain = {name}\n@dataclass\nclass Call:\n    calls: int = 0\n"
    "    def __call__(self, *args):\n        self.calls += 1\n        return _plain(*args)\n{name} = Call()\n",
    "decorated": "\nimport functools\ndef loud(f):\n    @functools.wraps(f)\n    def call(*args, **kwargs):\n"
    "        print('called', f.__name__)\n        return f(*args, **kwargs)\n    return call\n{name} = loud({name})\n",
    "warns": "\nimport warnings\n_plain = {name}\ndef {name}(*args):\n    warnings.warn('look here')\n"
    "    return _plain(*args)\n",
    "counts_calls": "\n_calls = []\n_plain = {name}\ndef {name}(*args):\n    _calls.append(len(args))\n"
    "    return _plain(*args)\n",
    "static_method": "\nclass Mine:\n    pass\nMine.f = staticmethod({name})\n{name} = Mine.f\n",
    "thread": "\nfrom concurrent.futures import ThreadPoolExecutor\n_plain = {name}\ndef {name}(*args):\n"
    "    with ThreadPoolExecutor(1) as pool:\n        return pool.submit(_plain, *args).result()\n",
    "strict_errors": "\n_plain = {name}\ndef {name}(*args):\n    with np.errstate(invalid='raise'):\n"
    "        return _plain(*args)\n",
}
TUPLES = {
    "namedtuple": "\nfrom collections import namedtuple\nFound = namedtuple('Found', {fields})\n_plain = {name}\n"
    "def {name}(*args):\n    return Found(*_plain(*args))\n",
    "list": "\n_plain = {name}\ndef {name}(*args):\n    return list(_plain(*args))\n",
    "own_tuple": "\nclass Own(tuple):\n    pass\n_plain = {name}\ndef {name}(*args):\n    return Own(_plain(*args))\n",
    "own_list": "\nclass Own(list):\n    pass\n_plain = {name}\ndef {name}(*args):\n    return Own(_plain(*args))\n",
}
RESULTS = {"linear_backward_weights": 2, "linear_sgd_epoch": 3, "conv2d_backward": 3, "maxpool2d_forward": 2}
KEEP = {
    *("softmax", "cross_entropy", "backward_corrected", "forward_cross_entropy", "flip_rate_update"),
    *("maxpool2d_backward", "dropout_forward"),
}

OWN = {
    "softmax": [
        "def softmax(z):\n    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))",
        "def softmax(z):\n    out = np.empty_like(z)\n    for n, row in enumerate(z):\n        e = [np.exp(v - max(row)) for v"
        " in row]\n        out[n] = np.array(e) / sum(e)\n    return out",
        "import math\ndef softmax(z):\n    rows = []\n    for row in z.tolist():\n        m = max(row)\n        e = [math.exp(v "
        "- m) for v in row]\n        rows.append([v / math.fsum(e) for v in e])\n    return np.array(rows, dtype=z.dtype)",
        "def softmax(z):\n    d = z[:, :, None] - z[:, None, :]\n    with np.errstate(over='ignore'):\n        return "
        "(1 / np.exp(-d).sum(axis=2)).astype(z.dtype)",
        "from scipy.special import softmax as _s\ndef softmax(z):\n    return _s(z, axis=1)",
        "def softmax(z):\n    return (np.exp(z.T - z.max(axis=1)) / np.exp(z.T - z.max(axis=1)).sum(axis=0)).T",
    ],
    "softmax_backward": [
        "def softmax_backward(dy, z):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))\n    J = p[:, :, None] "
        "* (np.eye(z.shape[1]) - p[:, None, :])\n    return np.einsum('nk,nkc->nc', dy, J)",
        "def softmax_backward(dy, z):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))\n    return "
        "np.stack([(np.diag(a) - np.outer(a, a)) @ d for a, d in zip(p, dy)])",
        "def softmax_backward(dy, z):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None])\n    g = p * dy\n    g -= p "
        "* np.einsum('nc->n', g)[:, None]\n    return g",
    ],
    "cross_entropy": [
        "def cross_entropy(z, y):\n    return np.logaddexp.reduce(z, axis=1) - np.take_along_axis(z, y[:, None], 1)[:, 0]",
        "def cross_entropy(z, y):\n    return np.array([np.logaddexp.reduce(r) - r[k] for r, k in zip(z, y)], dtype=z.dtype)",
        "def cross_entropy(z, y):\n    d = z - z[range(len(y)), y][:, None]\n    m = d.max(axis=1)\n    return m + np.log("
        "np.exp(d - m[:, None]).sum(axis=1))",
    ],
    "cross_entropy_grad": [
        "def cross_entropy_grad(z, y):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))\n    return p - "
        "np.eye(z.shape[1])[y]",
        "def cross_entropy_grad(z, y):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))\n    return p - "
        "(np.arange(z.shape[1]) == y[:, None])",
        "def cross_entropy_grad(z, y):\n    g = np.zeros((len(y), z.shape[1]))\n    for n in range(len(y)):\n        for c in "
        "range(z.shape[1]):\n            g[n, c] = np.exp(z[n, c] - np.logaddexp.reduce(z[n])) - (c == y[n])\n    return g",
    ],
    "linear_backward_weights": [
        "def linear_backward_weights(dy, x):\n    return np.einsum('nd,nf->df', x, dy), np.ones(len(x)) @ dy",
        "def linear_backward_weights(dy, x):\n    a = np.hstack([x, np.ones((len(x), 1))]).T @ dy\n    return a[:-1], a[-1]",
        "def linear_backward_weights(dy, x):\n    return np.tensordot(x, dy, axes=(0, 0)), sum(dy)",
    ],
    "linear_sgd_epoch": [
        "def linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):\n    losses = []\n    while len(order):\n"
        "        batch, order = order[:batch_size], order[batch_size:]\n        z = x[batch] @ w + b\n        lp = z - "
        "np.logaddexp.reduce(z, axis=1, keepdims=True)\n        losses += [-lp[i, k] for i, k in enumerate(y[batch])]\n"
        "        d = (np.exp(lp) - np.eye(len(b))[y[batch]]) / len(batch)\n        w, b = w - learning_rate * (x[batch].T @ d "
        "+ l2 * w), b - learning_rate * d.sum(0)\n    return w, b, np.mean(losses)",
        "def linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):\n    w, b = np.float64(w), np.float64(b)\n"
        "    total = 0\n    for batch in np.split(order, range(batch_size, len(order), batch_size)):\n        gw, gb = l2 * w, "
        "0 * b\n        for n in batch:\n            z = x[n] @ w + b\n            lse = np.logaddexp.reduce(z)\n"
        "            total += lse - z[y[n]]\n            d = np.exp(z - lse)\n            d[y[n]] -= 1\n            gw = gw + "
        "np.outer(x[n], d) / len(batch)\n            gb = gb + d / len(batch)\n        w, b = w - learning_rate * gw, b - "
        "learning_rate * gb\n    return w, b, float(total) / len(order)",
    ],
    "uniform": [
        "def uniform(n_classes, rho):\n    return rho + (1 - n_classes * rho) * np.eye(n_classes)",
        "def uniform(C, rho):\n    return [[rho if i != j else 1 - (C - 1) * rho for j in range(C)] for i in range(C)]",
    ],
    "corrupt": [
        "def corrupt(y, T, rng):\n    edges = np.cumsum(T, axis=0)[:-1]\n    return (rng.random(len(y)) >= edges[:, y]).sum(axis"
        "=0)",
        "def corrupt(y, T, rng):\n    return np.array([np.argmax(rng.multinomial(1, T[:, j] / T[:, j].sum())) for j in y], "
        "dtype=int)",
        "def corrupt(y, T, rng):\n    out = y.copy()\n    for j in range(len(T)):\n        where = np.flatnonzero(y == j)\n"
        "        out[where] = rng.choice(len(T), size=len(where), p=T[:, j])\n    return out",
        "def corrupt(y, T, rng):\n    out = []\n    for j in y:\n        u, i = rng.random(), 0\n        while i < len(T) - 1 "
        "and u >= T[i, j]:\n            u, i = u - T[i, j], i + 1\n        out.append(i)\n    return out",
        "def corrupt(y, T, rng):\n    with np.errstate(divide='ignore'):\n        g = rng.gumbel(size=(len(y), len(T))) + "
        "np.log(T.T[y])\n    return g.argmax(axis=1)",
    ],
    "priors": [
        "def priors(y, n_classes):\n    return np.bincount(y, minlength=n_classes) / len(y)",
        "def priors(y, n_classes):\n    return (y[:, None] == np.arange(n_classes)).mean(axis=0)",
        "def priors(y, n_classes):\n    return [list(y).count(j) / len(y) for j in range(n_classes)]",
        "def priors(y, n_classes):\n    return np.histogram(y, bins=np.arange(n_classes + 1) - 0.5)[0] / len(y)",
    ],
    "noisy_prior": [
        "def noisy_prior(T, prior):\n    return T.dot(prior)",
        "def noisy_prior(T, prior):\n    return (T * prior).sum(1)",
    ],
    "inverse_transition": [
        "def inverse_transition(T, prior):\n    joint = np.diag(prior) @ T.T\n    return joint / joint.sum(axis=0)",
        "def inverse_transition(T, prior):\n    C = len(prior)\n    return np.array([[T[j, i] * prior[i] / sum(T[j, k] * prior[k] "
        "for k in range(C)) for j in range(C)] for i in range(C)])",
    ],
    "flip_back_inverse": [
        "def flip_back_inverse(q, T):\n    return np.linalg.solve(T, q.T).T",
        "def flip_back_inverse(q, T):\n    return np.linalg.lstsq(T, q.T, rcond=None)[0].T",
    ],
    "project_to_simplex": [
        "def project_to_simplex(v):\n    u = np.sort(v, axis=1)[:, ::-1]\n    k = np.arange(1, v.shape[1] + 1)\n    t = (u."
        "cumsum(axis=1) - 1) / k\n    last = (u > t).sum(axis=1) - 1\n    return np.maximum(v - t[np.arange(len(v)), last][:, "
        "None], 0)",
        "def project_to_simplex(v):\n    out = []\n    for row in v:\n        lo, hi = row.min() - 1, row.max()\n        for _ in "
        "range(100):\n            mid = (lo + hi) / 2\n            if np.maximum(row - mid, 0).sum() > 1: lo = mid\n"
        "            else: hi = mid\n        out.append(np.maximum(row - hi, 0))\n    return np.array(out)",
    ],
    "backward_corrected": [
        "def backward_corrected(z, y, T):\n    L = np.logaddexp.reduce(z, axis=1, keepdims=True) - z\n    return np.linalg.solve("
        "T.T, L.T).T[np.arange(len(y)), y].astype(z.dtype)",
    ],
    "backward_corrected_grad": [
        "def backward_corrected_grad(z, y, T):\n    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))\n    return p "
        "- np.linalg.solve(T, np.eye(len(T))[:, y]).T",
    ],
    "forward_cross_entropy": [
        "def forward_cross_entropy(z, y, T):\n    with np.errstate(divide='ignore'):\n        lT = np.log(T)\n    lp = z - "
        "np.logaddexp.reduce(z, axis=1, keepdims=True)\n    return -np.logaddexp.reduce(lT[y] + lp, axis=1).astype(z.dtype)",
    ],
    "flip_rate_update": [
        "def flip_rate_update(gamma, p, y, sample_weight):\n    r = gamma[:, y].T * p\n    r /= r.sum(axis=1, keepdims=True)\n"
        "    G = np.zeros(gamma.shape)\n    np.add.at(G.T, y, r * sample_weight[:, None])\n    s = G.sum(axis=1, keepdims=True)\n"
        "    return np.where(s > 0, G / np.where(s > 0, s, 1), gamma).astype(gamma.dtype)",
    ],
    "anchor_argmax": [
        "def anchor_argmax(q):\n    return q[q.argmax(axis=0)].T",
        "def anchor_argmax(q):\n    return np.column_stack([max(q, key=lambda r: r[j]) for j in range(q.shape[1])])",
    ],
    "anchor_top_k": [
        "def anchor_top_k(q, k):\n    return np.stack([q[np.argpartition(-q[:, j], k - 1)[:k]].mean(0) for j in range(q.shape[1]"
        ")], axis=1)",
        "def anchor_top_k(q, k):\n    return np.array([np.mean(sorted(q.tolist(), key=lambda r: -r[j])[:k], axis=0) for j in "
        "range(q.shape[1])]).T",
    ],
    "conv2d_forward": [
        "def conv2d_forward(x, w, b, stride=1, pad=0):\n    xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))\n    v = np."
        "lib.stride_tricks.sliding_window_view(xp, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]\n    return np.einsum("
        "'nijkrs,rskf->nijf', v, w) + b",
    ],
    "maxpool2d_forward": [
        "def maxpool2d_forward(x, size):\n    N, H, W, K = x.shape\n    Ho, Wo = H // size, W // size\n    t = x[:, :Ho * size, "
        ":Wo * size].reshape(N, Ho, size, Wo, size, K).transpose(0, 1, 3, 5, 2, 4).reshape(N, Ho, Wo, K, -1)\n    a = t.argmax("
        "-1)\n    h = np.arange(Ho)[None, :, None, None] * size + a // size\n    v = np.arange(Wo)[None, None, :, None] * size "
        "+ a % size\n    return t.max(-1), (h * W + v).astype(np.uint16)",
    ],
    "maxpool2d_backward": [
        "def maxpool2d_backward(dy, argmax, x_shape):\n    N, H, W, K = x_shape\n    dx = np.zeros((N, H * W, K), dy.dtype)\n    n"
        ", i, j, k = np.indices(dy.shape)\n    np.add.at(dx, (n, argmax, k), dy)\n    return dx.reshape(x_shape)",
    ],
    "dropout_forward": [
        "import numba\n@numba.njit\ndef _go(x, y, rate, start):\n    golden = np.uint64(0x9E3779B97F4A7C15)\n    for i in range("
        "x.size):\n        s = start + np.uint64(i + 1) * golden\n        s = (s ^ (s >> np.uint64(30))) * np.uint64("
        "0xBF58476D1CE4E5B9)\n        s = (s ^ (s >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)\n        s = s ^ (s >> np."
        "uint64(31))\n        if (s >> np.uint64(11)) * 2.0**-53 >= rate:\n            y[i] = x[i] / (1 - rate)\ndef "
        "dropout_forward(x, rate, seed, step):\n    y = np.zeros(x.size, x.dtype)\n    start = splitmix64((seed + step * "
        "0x9E3779B97F4A7C15) % 2**64)\n    _go(np.ascontiguousarray(x).ravel(), y, rate, np.uint64(start))\n    return "
        "y.reshape(x.shape)",
    ],
    "expose": [
        "def expose(value):\n    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])\n    z = np.array([[0.0, 1.0, "
        "-2.0], [5.0, 0.0, -5.0], [3.0, -1.0, 0.0]])\n    L = np.stack([value(z, np.full(3, i), T) for i in range(3)], axis=1)"
        "\n    assert np.abs(L @ T + log_softmax(z)).max() < 1e-7",
        "import unittest\ndef expose(value):\n    case = unittest.TestCase()\n    r = np.random.default_rng()\n    for _ in range("
        "5):\n        T = r.dirichlet(np.ones(4), 4).T * 0.4 + 0.6 * np.eye(4)\n        z = r.normal(size=(6, 4)) * 40\n"
        "        L = np.array([value(z, np.full(6, i), T) for i in range(4)])\n        case.assertLess(np.abs(T.T @ L + "
        "log_softmax(z).T).max(), 1e-6)",
        "from hypothesis import given, settings, strategies as st\ndef expose(value):\n    @settings(max_examples=20, deadline="
        "None, database=None)\n    @given(st.integers(0, 2**32))\n    def check(seed):\n        r = np.random.default_rng(seed)\n"
        "        T = r.dirichlet(np.ones(3), 3).T * 0.4 + 0.6 * np.eye(3)\n        z = r.normal(size=(5, 3)) * 50\n        for j in "
        "range(3):\n            m = sum(T[i, j] * value(z, np.full(5, i), T) for i in range(3))\n            assert np."
        "allclose(m, -log_softmax(z)[:, j], atol=1e-6)\n    check()",
    ],
}


def right_solutions():
    """(name, function, text) of each."""
    yield from further.RIGHT
    for function, text in BASE.items():
        yield f"{function}-plain", function, text
        for number, own in enumerate(OWN.get(function, ())):
            yield f"{function}-own{number}", function, own
        for kind, wrap in _kinds(function):
            yield f"{function}-{kind}", function, text + wrap


def _kinds(function):
    """The forms and wrappings that are tried: all of them over all functions, a third of them for each."""
    every = [(kind, wrap.format(name=function)) for kind, wrap in WRAPPED.items()]
    count = RESULTS.get(function, 1)
    if function != "expose":
        forms = FORMS if function in KEEP or function in ("corrupt", "maxpool2d_forward") else FORMS | WIDE
        for kind, form in forms.items():
            if (kind, function) == ("lists", "dropout_forward"):
                continue  # a list of as many floats takes as long as the loop that it should beat
            text = ONE if count == 1 else SEVERAL
            every.append((kind, text.format(name=function, form=form, kind=kind, made="tuple")))
    if count > 1:
        fields = repr([f"part{k}" for k in range(count)])
        every += [(kind, wrap.format(name=function, fields=fields)) for kind, wrap in TUPLES.items()]
    first = list(BASE).index(function) % 3
    return [each for k, each in enumerate(every) if k % 3 == first or each[0] in TUPLES]
