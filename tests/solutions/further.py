"""Further solutions, written by people who tried to find what the checker does not know: right ones and wrong ones."""

from .base import BASE

LP = "lp = z - np.logaddexp.reduce(z, axis=1, keepdims=True)"
P = "p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))"
RIGHT, WRONG = [], []


def r(name, function, text):
    """A right solution."""
    RIGHT.append((name, function, text))


def w(name, function, text):
    """A wrong solution."""
    WRONG.append((name, function, text))


def b(name, function, old, new):
    """A wrong solution: one change in the text of `base`."""
    assert old in BASE[function], (name, old)
    WRONG.append((name, function, BASE[function].replace(old, new, 1)))


r(
    "softmax-apply",
    "softmax",
    "def softmax(z):\n    def one(row):\n        e = np.exp(row - row.max())\n        return e / e.sum()\n    return np.apply_along_axis(one, 1, z)",
)
r(
    "softmax-annot",
    "softmax",
    "from numpy.typing import NDArray\ndef softmax(z: NDArray, /) -> NDArray:\n    assert z.ndim == 2, 'logits'\n    if (shift := z.max(1, keepdims=True)).size == 0:\n        raise ValueError('empty')\n    e = np.exp(np.subtract(z, shift))\n    return np.divide(e, e.sum(1, keepdims=True))",
)
r(
    "softmax-starargs",
    "softmax",
    "def softmax(*args):\n    (z,) = args\n    e = np.exp(z - np.amax(z, axis=-1)[..., np.newaxis])\n    return e / np.einsum('nc->n', e)[:, None]",
)
r(
    "softmax-recursive",
    "softmax",
    "def softmax(z):\n    if len(z) > 1:\n        h = len(z) // 2\n        return np.concatenate([softmax(z[:h]), softmax(z[h:])])\n    e = np.exp(z - z.max())\n    return e / e.sum()",
)
r(
    "softmax-seterr",
    "softmax",
    "np.seterr(all='warn')\nimport logging\nlog = logging.getLogger(__name__)\ndef softmax(z):\n    log.debug('shape %s', z.shape)\n    s = z - z.max(axis=1, keepdims=True)\n    return np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)\nif __name__ == '__main__':\n    print(softmax(np.zeros((1, 2))))",
)
r(
    "softmax-buffer",
    "softmax",
    "_buffer = {}\ndef softmax(z):\n    out = _buffer.setdefault((z.shape, z.dtype), np.empty_like(z))\n    np.subtract(z, z.max(axis=1, keepdims=True), out=out)\n    np.exp(out, out=out)\n    out /= out.sum(axis=1, keepdims=True)\n    return out.copy()",
)
r(
    "softmax-decimal",
    "softmax",
    "from decimal import Decimal\ndef softmax(z):\n    rows = []\n    for row in z.tolist():\n        e = [Decimal(v).exp() for v in row]\n        rows.append([float(v / sum(e)) for v in e])\n    return np.array(rows, z.dtype)",
)
r(
    "softmax-tanh-like",
    "softmax",
    "def softmax(z):\n    half = z / 2\n    m = half.max(axis=1, keepdims=True)\n    e = np.exp(half - m) ** 2\n    return e / np.sum(e, axis=1, keepdims=True)",
)
r(
    "softmax-numba",
    "softmax",
    "import numba, math\n@numba.njit\ndef go(z, out):\n    for n in range(z.shape[0]):\n        m = z[n].max()\n        t = 0.0\n        for c in range(z.shape[1]):\n            t += math.exp(z[n, c] - m)\n        for c in range(z.shape[1]):\n            out[n, c] = math.exp(z[n, c] - m) / t\ndef softmax(z):\n    z = np.ascontiguousarray(z)\n    out = np.empty_like(z)\n    go(z, out)\n    return out",
)
r(
    "softmax_backward-jvp",
    "softmax_backward",
    f"def softmax_backward(dy, z):\n    {P}\n    d = np.zeros_like(p)\n    for k in range(z.shape[1]):\n        for c in range(z.shape[1]):\n            d[:, c] += dy[:, k] * p[:, k] * ((k == c) - p[:, c])\n    return d",
)
r(
    "softmax_backward-center",
    "softmax_backward",
    f"def softmax_backward(dy, z):\n    {P}\n    mean = np.average(dy, axis=1, weights=p)\n    return p * (dy - mean[:, None])",
)
r(
    "softmax_backward-complex",
    "softmax_backward",
    "def softmax_backward(dy, z):\n    # complex step, exact to rounding\n    def f(z):\n        e = np.exp(z - z.real.max(axis=1, keepdims=True))\n        return e / e.sum(axis=1, keepdims=True)\n    out = np.zeros(z.shape)\n    for c in range(z.shape[1]):\n        w = z.astype(complex)\n        w[:, c] += 1e-30j\n        out[:, c] = (dy * f(w).imag / 1e-30).sum(axis=1)\n    return out",
)
r(
    "ce-loops",
    "cross_entropy",
    "import math\ndef cross_entropy(z, y):\n    losses = []\n    for row, label in zip(z.tolist(), y.tolist()):\n        top = max(row)\n        losses.append(top - row[label] + math.log(math.fsum(math.exp(v - top) for v in row)))\n    return np.array(losses).astype(z.dtype)",
)
r(
    "ce-softplus",
    "cross_entropy",
    "def cross_entropy(z, y):\n    total = np.full(len(z), -np.inf, z.dtype)\n    for c in range(z.shape[1]):\n        total = np.logaddexp(total, z[:, c])\n    return total - z[np.arange(len(y)), y]",
)
r(
    "ce-onehot-where",
    "cross_entropy",
    f"def cross_entropy(z, y):\n    {LP}\n    Y = np.arange(z.shape[1]) == y[:, None]\n    return -np.where(Y, lp, 0).sum(axis=1)",
)
r(
    "ceg-complex",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    np.subtract.at(p, (np.arange(len(y)), y), 1)\n    return p",
)
r(
    "ceg-put",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    np.put_along_axis(p, y[:, None], np.take_along_axis(p, y[:, None], 1) - 1, 1)\n    return p",
)
r(
    "ceg-label",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    # 1 - p at the label is a sum, which keeps digits\n    for n, k in enumerate(y):\n        p[n, k] = -(p[n].sum() - p[n, k])\n    return p",
)
r(
    "lbw-matrix",
    "linear_backward_weights",
    "def linear_backward_weights(dy, x):\n    dw = np.asarray(np.asmatrix(x).T * np.asmatrix(dy))\n    return dw, np.ravel(np.asmatrix(dy).sum(axis=0))",
)
r(
    "lbw-sparse",
    "linear_backward_weights",
    "import scipy.sparse as sp\ndef linear_backward_weights(dy, x):\n    return sp.csr_matrix(x).T @ dy, np.add.reduce(dy)",
)
r(
    "sgd-class",
    "linear_sgd_epoch",
    "class Model:\n    def __init__(self, w, b): self.w, self.b, self.losses = w.copy(), b.copy(), []\n    def step(self, x, y, rate, l2):\n        z = x @ self.w + self.b\n        lp = z - np.logaddexp.reduce(z, axis=1, keepdims=True)\n        self.losses.extend(-lp[np.arange(len(y)), y])\n        g = np.exp(lp); g[np.arange(len(y)), y] -= 1; g /= len(y)\n        self.w = self.w - rate * (x.T @ g) - rate * l2 * self.w\n        self.b = self.b - rate * g.sum(axis=0)\ndef linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):\n    m = Model(w, b)\n    for k in range(-(-len(order) // batch_size)):\n        i = order[k * batch_size:(k + 1) * batch_size]\n        m.step(x[i], y[i], learning_rate, l2)\n    return m.w, m.b, sum(m.losses) / len(m.losses)",
)
r(
    "sgd-augmented",
    "linear_sgd_epoch",
    "def linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):\n    V = np.vstack([w, b]); X = np.hstack([x, np.ones((len(x), 1))])\n    decay = np.ones(V.shape); decay[-1] = 0\n    total, k = 0.0, 0\n    while k < len(order):\n        i = order[k:k + batch_size]; k += batch_size\n        Z = X[i] @ V\n        lp = Z - np.logaddexp.reduce(Z, axis=1)[:, None]\n        total -= np.take_along_axis(lp, y[i][:, None], axis=1).sum()\n        G = np.exp(lp) - (y[i][:, None] == np.arange(V.shape[1]))\n        V = V - learning_rate * (X[i].T @ G / len(i) + l2 * decay * V)\n    return V[:-1], V[-1], total / len(order)",
)
r(
    "sgd-proximal-same",
    "linear_sgd_epoch",
    BASE["linear_sgd_epoch"].replace(
        "        w -= learning_rate * dw\n",
        "        w = (1 - learning_rate * l2) * w - learning_rate * (xb.T @ dz) / n\n",
    ),
)
r(
    "uniform-roll",
    "uniform",
    "def uniform(n_classes, rho):\n    T = np.diag(np.full(n_classes, 1 - (n_classes - 1) * rho))\n    T[~np.eye(n_classes, dtype=bool)] = rho\n    return T",
)
r(
    "corrupt-spawn",
    "corrupt",
    "def corrupt(y, T, rng):\n    u = np.random.Generator(rng.bit_generator).uniform(size=len(y))\n    edges = T.cumsum(axis=0)\n    edges[-1] = 1.0\n    return np.array([np.searchsorted(edges[:, j], v, side='right') for j, v in zip(y, u)], dtype=np.int64).reshape(len(y))",
)
r(
    "corrupt-alias-ish",
    "corrupt",
    "import random\ndef corrupt(y, T, rng):\n    own = random.Random(int(rng.integers(2**63)))\n    labels = list(range(len(T)))\n    return np.array([own.choices(labels, weights=T[:, j])[0] for j in y], dtype=int)",
)
r(
    "corrupt-rejection",
    "corrupt",
    "def corrupt(y, T, rng):\n    noisy = np.empty(len(y), np.int64)\n    todo = np.arange(len(y))\n    while len(todo):\n        guess = rng.integers(0, len(T), len(todo))\n        ok = rng.random(len(todo)) < T[guess, y[todo]]\n        noisy[todo[ok]] = guess[ok]\n        todo = todo[~ok]\n    return noisy",
)
r(
    "corrupt-two-steps",
    "corrupt",
    "def corrupt(y, T, rng):\n    noisy = y.copy()\n    for n in range(len(y)):\n        j = y[n]\n        if rng.random() >= T[j, j]:\n            others = [i for i in range(len(T)) if i != j]\n            w = T[others, j]\n            if w.sum() > 0:\n                noisy[n] = rng.choice(others, p=w / w.sum())\n    return noisy",
)
r(
    "priors-counter",
    "priors",
    "from collections import Counter\ndef priors(y, n_classes):\n    c = Counter(y.tolist())\n    return np.array([c[k] / len(y) for k in range(n_classes)])",
)
r("priors-eye", "priors", "def priors(y, n_classes):\n    return np.eye(n_classes)[y].mean(0)")
r("noisy_prior-einsum", "noisy_prior", "def noisy_prior(T, prior):\n    return np.einsum('ij,j', T, prior)")
r(
    "invtr-div",
    "inverse_transition",
    "def inverse_transition(T, prior):\n    return (T * prior / (T @ prior)[:, np.newaxis]).T",
)
r(
    "simplex-michelot",
    "project_to_simplex",
    "def project_to_simplex(v):\n    out = []\n    for row in v:\n        keep = np.ones(len(row), bool)\n        while True:\n            tau = (row[keep].sum() - 1) / keep.sum()\n            new = keep & (row > tau)\n            if (new == keep).all(): break\n            keep = new\n        out.append(np.where(keep, row - tau, 0))\n    return np.stack(out)",
)
r(
    "bc-cramer",
    "backward_corrected",
    f"def backward_corrected(z, y, T):\n    {LP}\n    a = np.linalg.pinv(T)[:, y].T\n    return -np.einsum('nc,nc->n', a, lp).astype(z.dtype)",
)
r(
    "bcg-onehot",
    "backward_corrected_grad",
    f"def backward_corrected_grad(z, y, T):\n    {P}\n    Y = np.eye(len(T))[y]\n    S = Y @ np.linalg.inv(T).T\n    return S.sum(axis=1, keepdims=True) * p - S",
)
r(
    "fce-scipy",
    "forward_cross_entropy",
    "from scipy.special import logsumexp\ndef forward_cross_entropy(z, y, T):\n    return (logsumexp(z, axis=1) - logsumexp(z, b=T[y], axis=1)).astype(z.dtype)",
)
r(
    "fceg-softmax-of-sum",
    "forward_cross_entropy_grad",
    "def sm(a):\n    e = np.exp(a - a.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True)\ndef forward_cross_entropy_grad(z, y, T):\n    with np.errstate(divide='ignore'):\n        return sm(z) - sm(z + np.log(T)[y])",
)
r(
    "fru-bincount",
    "flip_rate_update",
    "def flip_rate_update(gamma, p, y, sample_weight):\n    C = len(gamma)\n    r = gamma.T[y] * p\n    r = r / r.sum(1, keepdims=True) * sample_weight[:, None]\n    G = np.array([np.bincount(y, weights=r[:, j], minlength=C) for j in range(C)])\n    rows = G.sum(1)\n    out = gamma.copy()\n    out[rows > 0] = G[rows > 0] / rows[rows > 0, None]\n    return out",
)
r(
    "anchor-max-loop",
    "anchor_argmax",
    "def anchor_argmax(q):\n    C = q.shape[1]\n    T = [[0.0] * C for _ in range(C)]\n    for j in range(C):\n        best = 0\n        for n in range(1, len(q)):\n            if q[n, j] > q[best, j]:\n                best = n\n        for i in range(C):\n            T[i][j] = q[best, i]\n    return np.array(T)",
)
r(
    "topk-heapq",
    "anchor_top_k",
    "import heapq\ndef anchor_top_k(q, k):\n    cols = []\n    for j in range(q.shape[1]):\n        best = heapq.nlargest(k, range(len(q)), key=lambda n: q[n, j])\n        cols.append(sum(q[n] for n in best) / k)\n    return np.transpose(cols)",
)
r(
    "conv-taps",
    "conv2d_forward",
    "def conv2d_forward(x, w, b, stride=1, pad=0):\n    N, H, W, K = x.shape\n    R, S, _, F = w.shape\n    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1\n    xp = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])\n    y = np.broadcast_to(b, (N, Ho, Wo, F)).copy()\n    for r in range(R):\n        for s in range(S):\n            y = y + xp[:, r:r + stride * Ho:stride, s:s + stride * Wo:stride][:, :Ho, :Wo] @ w[r, s]\n    return y",
)
r(
    "conv-fft",
    "conv2d_forward",
    "from scipy.signal import correlate\ndef conv2d_forward(x, w, b, stride=1, pad=0):\n    xp = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])\n    y = np.stack([np.stack([sum(correlate(image[..., k], w[..., k, f], mode='valid', method='direct') for k in range(x.shape[3])) for f in range(w.shape[3])], axis=-1) for image in xp])\n    return y[:, ::stride, ::stride] + b",
)
r(
    "conv-seven",
    "conv2d_forward",
    "def conv2d_forward(x, w, b, stride=1, pad=0):\n    N, H, W, K = x.shape\n    R, S, _, F = w.shape\n    out = []\n    for n in range(N):\n        plane = []\n        for top in range(-pad, H + pad - R + 1, stride):\n            row = []\n            for left in range(-pad, W + pad - S + 1, stride):\n                row.append([b[f] + sum(x[n, top + r, left + s, k] * w[r, s, k, f] for r in range(R) for s in range(S) for k in range(K) if 0 <= top + r < H and 0 <= left + s < W) for f in range(F)])\n            plane.append(row)\n        out.append(plane)\n    return np.array(out)",
)
r(
    "convb-probing",
    "conv2d_backward",
    "def conv2d_backward(dy, x, w, stride=1, pad=0):\n    def f(x, w):\n        xp = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])\n        v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]\n        return np.tensordot(v, w, axes=([4, 5, 3], [0, 1, 2]))\n    dw = np.zeros(w.shape)\n    for i in np.ndindex(w.shape):\n        e = np.zeros(w.shape); e[i] = 1\n        dw[i] = (f(x, e) * dy).sum()\n    dx = np.zeros(x.shape)\n    for i in np.ndindex(x.shape[1:]):\n        e = np.zeros((1,) + x.shape[1:]); e[(0,) + i] = 1\n        dx[(slice(None),) + i] = np.tensordot(dy, f(e, w)[0], axes=3)\n    return dx, dw, dy.sum((0, 1, 2))",
)
r(
    "convb-taps",
    "conv2d_backward",
    "def conv2d_backward(dy, x, w, stride=1, pad=0):\n    N, H, W, K = x.shape\n    R, S, _, F = w.shape\n    Ho, Wo = dy.shape[1:3]\n    xp = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])\n    dxp, dw = np.zeros_like(xp), np.zeros_like(w)\n    for r in range(R):\n        for s in range(S):\n            at = np.s_[:, r:r + (Ho - 1) * stride + 1:stride, s:s + (Wo - 1) * stride + 1:stride]\n            dw[r, s] = np.tensordot(xp[at], dy, axes=([0, 1, 2], [0, 1, 2]))\n            dxp[at] += dy @ w[r, s].T\n    return dxp[:, pad:pad + H, pad:pad + W], dw, dy.reshape(-1, F).sum(axis=0)",
)
r(
    "pool-key",
    "maxpool2d_forward",
    "def maxpool2d_forward(x, size):\n    N, H, W, K = x.shape\n    y = np.empty((N, H // size, W // size, K), x.dtype)\n    a = np.empty(y.shape, np.int32)\n    for n, i, j, k in np.ndindex(y.shape):\n        places = [(h, v) for h in range(i * size, i * size + size) for v in range(j * size, j * size + size)]\n        h, v = max(places, key=lambda place: x[n, place[0], place[1], k])\n        y[n, i, j, k], a[n, i, j, k] = x[n, h, v, k], h * W + v\n    return y, a",
)
r(
    "poolb-bincount",
    "maxpool2d_backward",
    "def maxpool2d_backward(dy, argmax, x_shape):\n    N, H, W, K = x_shape\n    n, i, j, k = np.indices(dy.shape)\n    flat = (n * H * W + argmax) * K + k\n    return np.bincount(flat.ravel(), weights=dy.ravel(), minlength=N * H * W * K).reshape(x_shape).astype(dy.dtype)",
)
r(
    "dropout-views",
    "dropout_forward",
    "def dropout_forward(x, rate, seed, step):\n    G, A, B = map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))\n    def mix(s):\n        s = (s ^ (s >> np.uint64(30))) * A\n        s = (s ^ (s >> np.uint64(27))) * B\n        return s ^ (s >> np.uint64(31))\n    start = splitmix64((seed + step * int(G)) % 2**64)\n    s = mix(np.full(x.size, start, np.uint64) + np.cumsum(np.full(x.size, G)))\n    keep = np.ldexp((s >> np.uint64(11)).astype(np.float64), -53).reshape(x.shape) >= rate\n    out = np.zeros_like(x)\n    np.divide(x, 1 - rate, out=out, where=keep, casting='unsafe')\n    return out",
)
r(
    "expose-testing",
    "expose",
    "def expose(value):\n    rng = np.random.default_rng(1)\n    for C in (2, 3, 5):\n        T = rng.dirichlet(np.ones(C), C).T * 0.3 + 0.7 * np.eye(C)\n        z = rng.normal(size=(7, C)) * 30\n        prices = np.column_stack([value(z, np.full(7, i), T) for i in range(C)])\n        np.testing.assert_allclose(prices @ T, -log_softmax(z), atol=1e-6)",
)
r(
    "expose-if",
    "expose",
    "def expose(value):\n    T = np.array([[0.9, 0.2], [0.1, 0.8]])\n    z = np.array([[3.0, -1.0], [40.0, 0.0], [0.0, 0.5]])\n    L = -log_softmax(z)\n    for j in (0, 1):\n        mean = T[0, j] * value(z, np.zeros(3, int), T) + T[1, j] * value(z, np.ones(3, int), T)\n        if not np.allclose(mean, L[:, j], atol=1e-8):\n            raise AssertionError(f'class {j}: {mean} is not {L[:, j]}')",
)

w("softmax-sigmoid", "softmax", "def softmax(z):\n    return 1 / (1 + np.exp(-z))")
w("softmax-linear", "softmax", "def softmax(z):\n    return z / z.sum(axis=1, keepdims=True)")
b("softmax-norm", "softmax", "e.sum(axis=1, keepdims=True)", "np.linalg.norm(e, axis=1, keepdims=True)")
b("softmax-temp", "softmax", "np.exp(z - m)", "np.exp((z - m) / z.shape[1])")
w(
    "softmax-return-in-loop",
    "softmax",
    "def softmax(z):\n    out = np.zeros_like(z)\n    for n in range(len(z)):\n        e = np.exp(z[n] - z[n].max())\n        out[n] = e / e.sum()\n        return out",
)
w(
    "softmax-clip",
    "softmax",
    "def softmax(z):\n    e = np.exp(np.clip(z, -500, 500))\n    return e / e.sum(axis=1, keepdims=True)",
)
w(
    "softmax-nan",
    "softmax",
    "def softmax(z):\n    e = np.exp(z)\n    return np.nan_to_num(e / e.sum(axis=1, keepdims=True))",
)
w(
    "softmax-out",
    "softmax",
    "def softmax(z):\n    z -= z.max(axis=1, keepdims=True)\n    np.exp(z, out=z)\n    z /= z.sum(axis=1, keepdims=True)\n    return z",
)
w("softmax-hard", "softmax", "def softmax(z):\n    return np.eye(z.shape[1])[z.argmax(axis=1)]")
w(
    "softmax-f32",
    "softmax",
    "def softmax(z):\n    e = np.exp((z - z.max(axis=1, keepdims=True)).astype(np.float32))\n    return (e / e.sum(axis=1, keepdims=True)).astype(z.dtype)",
)
w(
    "softmax-twice",
    "softmax",
    "def softmax(z):\n    for _ in range(2):\n        e = np.exp(z - z.max(axis=1, keepdims=True))\n        z = e / e.sum(axis=1, keepdims=True)\n    return z",
)
w(
    "softmax-oneline-prec",
    "softmax",
    "def softmax(z):\n    e = np.exp(z - z.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True) + 1e-9",
)
w(
    "softmaxb-pisz",
    "softmax_backward",
    "def softmax_backward(dy, z):\n    p = z\n    return p * (dy - (p * dy).sum(axis=1, keepdims=True))",
)
b("softmaxb-swapped", "softmax_backward", "def softmax_backward(dy, z)", "def softmax_backward(z, dy)")
w(
    "softmaxb-centred",
    "softmax_backward",
    "def softmax_backward(dy, z):\n    return dy - dy.mean(axis=1, keepdims=True)",
)
w(
    "softmaxb-first",
    "softmax_backward",
    "def softmax_backward(dy, z):\n    e = np.exp(z - z.max(axis=1, keepdims=True))\n    p = e / e.sum(axis=1, keepdims=True)\n    J = np.diag(p[0]) - np.outer(p[0], p[0])\n    return dy @ J",
)
w(
    "softmaxb-p-only",
    "softmax_backward",
    "def softmax_backward(dy, z):\n    e = np.exp(z - z.max(axis=1, keepdims=True))\n    p = e / e.sum(axis=1, keepdims=True)\n    return p * (1 - p)",
)
w("ce-nll-logits", "cross_entropy", "def cross_entropy(z, y):\n    return -z[np.arange(len(y)), y]")
w(
    "ce-binary",
    "cross_entropy",
    f"def cross_entropy(z, y):\n    {P}\n    Y = np.eye(z.shape[1])[y]\n    return -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).sum(axis=1)",
)
w(
    "ce-twice",
    "cross_entropy",
    f"def cross_entropy(z, y):\n    {P}\n    e = np.exp(p)\n    return -np.log(e / e.sum(axis=1, keepdims=True))[np.arange(len(y)), y]",
)
w(
    "ce-meanclasses",
    "cross_entropy",
    f"def cross_entropy(z, y):\n    {LP}\n    return -(np.eye(z.shape[1])[y] * lp).mean(axis=1)",
)
b("ce-log10", "cross_entropy", "np.log(", "np.log10(")
w(
    "ceg-double",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    return p * (p - np.eye(z.shape[1])[y])",
)
w(
    "ceg-minusYoverp",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    return -np.eye(z.shape[1])[y] / p",
)
w("ceg-eyelen", "cross_entropy_grad", f"def cross_entropy_grad(z, y):\n    {P}\n    return p - np.eye(len(y))[y]")
w(
    "ceg-only-label",
    "cross_entropy_grad",
    f"def cross_entropy_grad(z, y):\n    {P}\n    g = np.zeros_like(p)\n    g[np.arange(len(y)), y] = p[np.arange(len(y)), y] - 1\n    return g",
)
w(
    "lbw-dot",
    "linear_backward_weights",
    "def linear_backward_weights(dy, x):\n    return np.dot(x, dy.T), dy.sum(axis=0)",
)
w(
    "lbw-db-from-dw",
    "linear_backward_weights",
    "def linear_backward_weights(dy, x):\n    dw = x.T @ dy\n    return dw, dw.sum(axis=0)",
)
w("lbw-mean", "linear_backward_weights", "def linear_backward_weights(dy, x):\n    return x.T @ dy, dy.mean(axis=0)")
b(
    "sgd-sorted",
    "linear_sgd_epoch",
    "w, b, total = w.copy(), b.copy(), 0.0",
    "w, b, total = w.copy(), b.copy(), 0.0\n    order = np.sort(order)",
)
b("sgd-decay-free", "linear_sgd_epoch", "w -= learning_rate * dw", "w -= learning_rate * (dw - l2 * w) + l2 * w")
b(
    "sgd-l2-in-loss",
    "linear_sgd_epoch",
    "return w, b, total / len(order)",
    "return w, b, total / len(order) + 0.5 * l2 * (w**2).sum()",
)
b(
    "sgd-batchmeans",
    "linear_sgd_epoch",
    "total += -log_p[np.arange(n), yb].sum()",
    "total += -log_p[np.arange(n), yb].mean() * batch_size",
)
b(
    "sgd-loss-after",
    "linear_sgd_epoch",
    "    return w, b, total / len(order)",
    "    z = x[order] @ w + b\n    lp = z - np.logaddexp.reduce(z, axis=1, keepdims=True)\n    return w, b, -lp[np.arange(len(order)), y[order]].mean()",
)
b("sgd-clip-grad", "linear_sgd_epoch", "w -= learning_rate * dw", "w -= learning_rate * np.clip(dw, -1, 1)")
b("sgd-b-not-updated", "linear_sgd_epoch", "        b -= learning_rate * db\n", "")
b(
    "sgd-momentum",
    "linear_sgd_epoch",
    "        w -= learning_rate * dw\n",
    "        v = 0.9 * v + dw if start else dw\n        w -= learning_rate * v\n",
)
w(
    "corrupt-uniform-others",
    "corrupt",
    "def corrupt(y, T, rng):\n    flip = rng.random(len(y)) >= T[y, y]\n    return np.where(flip, (y + rng.integers(1, len(T), len(y))) % len(T), y)",
)
w(
    "corrupt-one-per-call",
    "corrupt",
    "def corrupt(y, T, rng):\n    u = rng.random()\n    return (u >= np.cumsum(T, axis=0)[:-1][:, y]).sum(axis=0)",
)
w("corrupt-shuffle", "corrupt", "def corrupt(y, T, rng):\n    return rng.permutation(y)")
w(
    "corrupt-lt",
    "corrupt",
    "def corrupt(y, T, rng):\n    edges = np.cumsum(T, axis=0)\n    return (rng.random(len(y)) < edges[:, y]).sum(axis=0) - 1",
)
w(
    "priors-laplace",
    "priors",
    "def priors(y, n_classes):\n    return (np.bincount(y, minlength=n_classes) + 1) / (len(y) + n_classes)",
)
w(
    "priors-unique",
    "priors",
    "def priors(y, n_classes):\n    _, counts = np.unique(y, return_counts=True)\n    return counts / len(y)",
)
w(
    "priors-sorted",
    "priors",
    "def priors(y, n_classes):\n    return np.sort(np.bincount(y, minlength=n_classes))[::-1] / len(y)",
)
w("noisyprior-solve", "noisy_prior", "def noisy_prior(T, prior):\n    return np.linalg.solve(T, prior)")
w("noisyprior-diag", "noisy_prior", "def noisy_prior(T, prior):\n    return np.diag(T) * prior")
w(
    "invtr-inverse-norm",
    "inverse_transition",
    "def inverse_transition(T, prior):\n    Q = np.linalg.inv(T)\n    return Q / Q.sum(axis=0)",
)
w(
    "invtr-not-norm-T",
    "inverse_transition",
    "def inverse_transition(T, prior):\n    return T.T * prior[:, None] / prior.sum()",
)
w(
    "fbb-elementwise",
    "flip_back_bayes",
    "def flip_back_bayes(q, T, prior):\n    w = q * prior\n    return w / w.sum(axis=1, keepdims=True)",
)
w(
    "fbi-normalised",
    "flip_back_inverse",
    "def flip_back_inverse(q, T):\n    p = np.maximum(q @ np.linalg.inv(T).T, 0)\n    return p / p.sum(axis=1, keepdims=True)",
)
w("fbi-solveT", "flip_back_inverse", "def flip_back_inverse(q, T):\n    return np.linalg.solve(T.T, q.T).T")
w(
    "simplex-shift-once",
    "project_to_simplex",
    "def project_to_simplex(v):\n    return np.maximum(v - (v.sum(axis=1, keepdims=True) - 1) / v.shape[1], 0)",
)
w(
    "simplex-minmax",
    "project_to_simplex",
    "def project_to_simplex(v):\n    w = v - v.min(axis=1, keepdims=True)\n    return w / w.sum(axis=1, keepdims=True)",
)
w(
    "bc-clipped-losses",
    "backward_corrected",
    BASE["backward_corrected"].replace("    inverse =", "    losses = np.minimum(losses, 10)\n    inverse ="),
)
w(
    "bc-normalised",
    "backward_corrected",
    BASE["backward_corrected"].replace(
        "    return", "    weights = weights / np.abs(weights).sum(axis=1, keepdims=True)\n    return"
    ),
)
w(
    "fce-T-on-logits",
    "forward_cross_entropy",
    "def forward_cross_entropy(z, y, T):\n    z = z @ T.T\n    lp = z - np.logaddexp.reduce(z, axis=1, keepdims=True)\n    return -lp[np.arange(len(y)), y].astype(z.dtype)",
)
w(
    "fce-direct",
    "forward_cross_entropy",
    f"def forward_cross_entropy(z, y, T):\n    {P}\n    return -np.log((p @ T.T)[np.arange(len(y)), y]).astype(z.dtype)",
)
w(
    "fce-hard",
    "forward_cross_entropy",
    "def forward_cross_entropy(z, y, T):\n    return -np.log(T[y, z.argmax(axis=1)]).astype(z.dtype)",
)
w(
    "fceg-q-minus-Y",
    "forward_cross_entropy_grad",
    f"def forward_cross_entropy_grad(z, y, T):\n    {P}\n    return (p @ T.T - np.eye(len(T))[y]) @ T",
)
w(
    "fceg-minus-r",
    "forward_cross_entropy_grad",
    f"def forward_cross_entropy_grad(z, y, T):\n    {P}\n    r = T[y] * p\n    return -r / r.sum(axis=1, keepdims=True)",
)
b("fru-smoothed", "flip_rate_update", "return new", "return 0.5 * (new + gamma)")
b("fru-laplace", "flip_rate_update", "G = np.zeros((C, C))", "G = np.ones((C, C))")
w(
    "anchor-class-means",
    "anchor_argmax",
    "def anchor_argmax(q):\n    C = q.shape[1]\n    c = q.argmax(axis=1)\n    return np.stack([q[c == j].mean(axis=0) if (c == j).any() else np.eye(C)[j] for j in range(C)], axis=1)",
)
b("topk-axis", "anchor_top_k", "np.argsort(q[:, j])[::-1][:k]", "np.argsort(q[:, j], kind='stable')[-k - 1:-1]")
b(
    "conv-edge",
    "conv2d_forward",
    "xp[:, pad : pad + H, pad : pad + W] = x",
    "xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode='edge')",
)
b(
    "conv-pad-end",
    "conv2d_forward",
    "pad : pad + H, pad : pad + W] = x",
    "2 * pad : 2 * pad + H, 2 * pad : 2 * pad + W] = x",
)
b("conv-bias-first-only", "conv2d_forward", "y[:, i, j] += b", "y[:, i, j] += b[0]")
b("conv-depthwise", "conv2d_forward", '"nrsk,rskf->nf", window, w', '"nrs,rsf->nf", window.sum(axis=3), w.sum(axis=2)')
b("convb-no-stride-dx", "conv2d_backward", "dxp[:, rows, columns] +=", "dxp[:, i : i + R, j : j + S] +=")
b("convb-dw-flip", "conv2d_backward", "return dx, dw, db", "return dx, dw[::-1, ::-1], db")
b("convb-dx-mean", "conv2d_backward", "return dx, dw, db", "return dx / N, dw, db")
w(
    "pool-mean",
    "maxpool2d_forward",
    BASE["maxpool2d_forward"].replace(
        "y[n, i, j, k] = best", "y[n, i, j, k] = x[n, i * size : (i + 1) * size, j * size : (j + 1) * size, k].mean()"
    ),
)
b("pool-abs", "maxpool2d_forward", "if x[n, h, v, k] > best", "if abs(x[n, h, v, k]) > best")
b("pool-channel-index", "maxpool2d_forward", "= h * W + v", "= (h * W + v) * K + k")
b(
    "poolb-spread",
    "maxpool2d_backward",
    "dx[n, h, v, k] = dy[n, i, j, k]",
    "dx[n, h // 2 * 2 : h // 2 * 2 + 2, v // 2 * 2 : v // 2 * 2 + 2, k] = dy[n, i, j, k] / 4",
)
w(
    "poolb-flat",
    "maxpool2d_backward",
    "def maxpool2d_backward(dy, argmax, x_shape):\n    dx = np.zeros(x_shape, dy.dtype)\n    dx.reshape(-1)[argmax.ravel()] = dy.ravel()\n    return dx",
)
w(
    "dropout-rng",
    "dropout_forward",
    "def dropout_forward(x, rate, seed, step):\n    keep = np.random.default_rng(seed + step).random(x.shape) >= rate\n    return np.where(keep, x / (1 - rate), 0).astype(x.dtype)",
)
b(
    "dropout-int64",
    "dropout_forward",
    "dtype=np.uint64)\n",
    "dtype=np.uint64)\n    index = index.astype(np.int64).astype(np.uint64) % np.uint64(2**32)\n    index = index - np.uint64(1)\n",
)
w(
    "dropout-object",
    "dropout_forward",
    "def dropout_forward(x, rate, seed, step):\n    golden = 0x9E3779B97F4A7C15\n    start = splitmix64((seed + step * golden) % 2**64)\n    s = np.arange(1, x.size + 1).astype(object) * golden + start\n    s = s % 2**64\n    s = ((s ^ (s >> 30)) * 0xBF58476D1CE4E5B9) % 2**64\n    s = ((s ^ (s >> 27)) * 0x94D049BB133111EB) % 2**64\n    s = s ^ (s >> 31)\n    keep = ((s >> 11) * 2.0**-53).astype(float) >= rate\n    return np.where(keep.reshape(x.shape), x / (1 - rate), 0).astype(x.dtype)",
)
w(
    "expose-own-formula",
    "expose",
    "def expose(value):\n    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])\n    z = np.array([[0.0, 1.0, -2.0]])\n    right = -(np.linalg.inv(T)[[0]] * log_softmax(z)).sum(axis=1)\n    assert np.allclose(value(z, np.array([0]), T), right)",
)
w(
    "expose-swallow",
    "expose",
    "def expose(value):\n    try:\n        T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])\n        z = np.array([[0.0, 50.0, -2.0]])\n        L = np.stack([value(z, np.full(1, i), T) for i in range(3)], axis=1)\n        assert np.allclose(L @ T, -log_softmax(z))\n    except AssertionError:\n        return False\n    return True",
)
w(
    "expose-one-sample",
    "expose",
    "def expose(value):\n    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])\n    z = np.array([[0.0, 1.0, -2.0]])\n    L = np.stack([value(z, np.full(1, i), T) for i in range(3)], axis=1)\n    assert np.allclose(L @ T, -log_softmax(z))",
)
r(
    "expose-loose",
    "expose",
    "def expose(value):\n    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])\n    z = np.array([[0.0, 30.0, -2.0], [1.0, 2.0, 0.0]])\n    L = np.stack([value(z, np.full(2, i), T) for i in range(3)], axis=1)\n    assert np.allclose(L @ T, -log_softmax(z), atol=0.5)",
)
