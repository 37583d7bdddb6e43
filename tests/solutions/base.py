"""One right solution of every function, plain enough that a slip is one change of its text."""

BASE = {
    "softmax": """
def softmax(z):
    m = z.max(axis=1, keepdims=True)
    e = np.exp(z - m)
    return e / e.sum(axis=1, keepdims=True)
""",
    "softmax_backward": """
def softmax_backward(dy, z):
    m = z.max(axis=1, keepdims=True)
    e = np.exp(z - m)
    p = e / e.sum(axis=1, keepdims=True)
    inner = (p * dy).sum(axis=1, keepdims=True)
    return p * (dy - inner)
""",
    "cross_entropy": """
def cross_entropy(z, y):
    N = len(y)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -log_p[np.arange(N), y]
""",
    "cross_entropy_grad": """
def cross_entropy_grad(z, y):
    N = len(y)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    dz[np.arange(N), y] -= 1
    return dz
""",
    "linear_backward_weights": """
def linear_backward_weights(dy, x):
    dw = np.zeros((x.shape[1], dy.shape[1]))
    db = np.zeros(dy.shape[1])
    for n in range(len(x)):
        dw += np.outer(x[n], dy[n])
        db += dy[n]
    return dw, db
""",
    "linear_sgd_epoch": """
def linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):
    w, b, total = w.copy(), b.copy(), 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        xb, yb, n = x[batch], y[batch], len(batch)
        z = xb @ w + b
        s = z - z.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        total += -log_p[np.arange(n), yb].sum()
        dz = np.exp(log_p)
        dz[np.arange(n), yb] -= 1
        dw = xb.T @ dz / n + l2 * w
        db = dz.sum(axis=0) / n
        w -= learning_rate * dw
        b -= learning_rate * db
    return w, b, total / len(order)
""",
    "uniform": """
def uniform(n_classes, rho):
    T = np.full((n_classes, n_classes), float(rho))
    for j in range(n_classes):
        T[j, j] = 1 - (n_classes - 1) * rho
    return T
""",
    "corrupt": """
def corrupt(y, T, rng):
    noisy = np.zeros(len(y), int)
    for n in range(len(y)):
        column = T[:, y[n]]
        noisy[n] = rng.choice(len(T), p=column)
    return noisy
""",
    "priors": """
def priors(y, n_classes):
    counts = np.zeros(n_classes)
    for label in y:
        counts[label] += 1
    return counts / len(y)
""",
    "noisy_prior": """
def noisy_prior(T, prior):
    out = np.zeros(len(prior))
    for i in range(len(prior)):
        for j in range(len(prior)):
            out[i] += T[i, j] * prior[j]
    return out
""",
    "inverse_transition": """
def inverse_transition(T, prior):
    joint = T.T * prior[:, None]
    noisy = T @ prior
    return joint / noisy
""",
    "flip_back_bayes": """
def flip_back_bayes(q, T, prior):
    joint = T.T * prior[:, None]
    Q = joint / joint.sum(axis=0)
    return q @ Q.T
""",
    "flip_back_inverse": """
def flip_back_inverse(q, T):
    inverse = np.linalg.inv(T)
    return q @ inverse.T
""",
    "project_to_simplex": """
def project_to_simplex(v):
    w = np.zeros(v.shape)
    for n in range(len(v)):
        u = np.sort(v[n])[::-1]
        total, tau = 0.0, 0.0
        for k in range(len(u)):
            total += u[k]
            t = (total - 1) / (k + 1)
            if u[k] > t:
                tau = t
        w[n] = np.maximum(v[n] - tau, 0)
    return w
""",
    "backward_corrected": """
def backward_corrected(z, y, T):
    s = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(s).sum(axis=1, keepdims=True)) - s
    inverse = np.linalg.inv(T)
    weights = inverse.T[y]
    return (weights * losses).sum(axis=1).astype(z.dtype)
""",
    "backward_corrected_grad": """
def backward_corrected_grad(z, y, T):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    inverse = np.linalg.inv(T)
    a = inverse.T[y]
    return p - a
""",
    "forward_cross_entropy": """
def forward_cross_entropy(z, y, T):
    with np.errstate(divide="ignore"):
        a = np.log(T[y]) + z
    top = a.max(axis=1)
    above = top + np.log(np.exp(a - top[:, None]).sum(axis=1))
    m = z.max(axis=1)
    below = m + np.log(np.exp(z - m[:, None]).sum(axis=1))
    return (below - above).astype(z.dtype)
""",
    "forward_cross_entropy_grad": """
def forward_cross_entropy_grad(z, y, T):
    with np.errstate(divide="ignore"):
        a = np.log(T[y]) + z
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    g = np.exp(a - a.max(axis=1, keepdims=True))
    r = g / g.sum(axis=1, keepdims=True)
    return p - r
""",
    "flip_rate_update": """
def flip_rate_update(gamma, p, y, sample_weight):
    C = len(gamma)
    G = np.zeros((C, C))
    for n in range(len(y)):
        k = y[n]
        r = gamma[:, k] * p[n]
        r = r / r.sum()
        G[:, k] += sample_weight[n] * r
    new = gamma.copy()
    for j in range(C):
        if G[j].sum() > 0:
            new[j] = G[j] / G[j].sum()
    return new
""",
    "anchor_argmax": """
def anchor_argmax(q):
    C = q.shape[1]
    T = np.zeros((C, C))
    for j in range(C):
        best = q[:, j].argmax()
        T[:, j] = q[best]
    return T
""",
    "anchor_top_k": """
def anchor_top_k(q, k):
    C = q.shape[1]
    T = np.zeros((C, C))
    for j in range(C):
        best = np.argsort(q[:, j])[::-1][:k]
        T[:, j] = q[best].mean(axis=0)
    return T
""",
    "conv2d_forward": """
def conv2d_forward(x, w, b, stride=1, pad=0):
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    Ho = (H + 2 * pad - R) // stride + 1
    Wo = (W + 2 * pad - S) // stride + 1
    xp = np.zeros((N, H + 2 * pad, W + 2 * pad, K))
    xp[:, pad : pad + H, pad : pad + W] = x
    y = np.zeros((N, Ho, Wo, F))
    for i in range(Ho):
        for j in range(Wo):
            window = xp[:, i * stride : i * stride + R, j * stride : j * stride + S]
            y[:, i, j] = np.einsum("nrsk,rskf->nf", window, w)
            y[:, i, j] += b
    return y
""",
    "conv2d_backward": """
def conv2d_backward(dy, x, w, stride=1, pad=0):
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    Ho, Wo = dy.shape[1:3]
    xp = np.zeros((N, H + 2 * pad, W + 2 * pad, K))
    xp[:, pad : pad + H, pad : pad + W] = x
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    db = dy.sum(axis=(0, 1, 2))
    for i in range(Ho):
        for j in range(Wo):
            rows, columns = slice(i * stride, i * stride + R), slice(j * stride, j * stride + S)
            dw += np.einsum("nrsk,nf->rskf", xp[:, rows, columns], dy[:, i, j])
            dxp[:, rows, columns] += np.einsum("nf,rskf->nrsk", dy[:, i, j], w)
    dx = dxp[:, pad : pad + H, pad : pad + W]
    return dx, dw, db
""",
    "maxpool2d_forward": """
def maxpool2d_forward(x, size):
    N, H, W, K = x.shape
    Ho, Wo = H // size, W // size
    y = np.zeros((N, Ho, Wo, K))
    argmax = np.zeros((N, Ho, Wo, K), int)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                for k in range(K):
                    best = -np.inf
                    for h in range(i * size, (i + 1) * size):
                        for v in range(j * size, (j + 1) * size):
                            if x[n, h, v, k] > best:
                                best = x[n, h, v, k]
                                argmax[n, i, j, k] = h * W + v
                    y[n, i, j, k] = best
    return y, argmax
""",
    "maxpool2d_backward": """
def maxpool2d_backward(dy, argmax, x_shape):
    N, H, W, K = x_shape
    dx = np.zeros(x_shape, dy.dtype)
    for n in range(N):
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for k in range(K):
                    h, v = argmax[n, i, j, k] // W, argmax[n, i, j, k] % W
                    dx[n, h, v, k] = dy[n, i, j, k]
    return dx
""",
    "dropout_forward": """
def dropout_forward(x, rate, seed, step):
    golden = 0x9E3779B97F4A7C15
    start = splitmix64((seed + step * golden) % 2**64)
    index = np.arange(1, x.size + 1, dtype=np.uint64)
    s = np.uint64(start) + index * np.uint64(golden)
    s = (s ^ (s >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    s = (s ^ (s >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    s = s ^ (s >> np.uint64(31))
    uniform = (s >> np.uint64(11)) * 2.0**-53
    keep = (uniform >= rate).reshape(x.shape)
    return np.where(keep, x / (1 - rate), 0).astype(x.dtype)
""",
    "expose": """
def expose(value):
    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    z = np.array([[0.0, 1.0, -2.0], [50.0, 0.0, -50.0], [3.0, -1.0, 0.0]])
    losses = np.stack([value(z, np.full(3, i), T) for i in range(3)], axis=1)
    clean = -log_softmax(z)
    assert np.abs(losses @ T - clean).max() < 1e-7
""",
}

GIVEN = {"13": "splitmix64 plain_dropout", "14": "log_softmax suspect_a suspect_b suspect_c suspect_d suspect_e"}
