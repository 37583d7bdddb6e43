"""Other libraries on the same workloads, where they are installed. Nothing of ours is computed by them."""

import numpy as np

from .workloads import LEARNING_RATE


def pytorch(channels_last):
    """The rung of PyTorch on the CPU, images as (N, K, H, W) in one of its two memory layouts."""

    def rung(workload, a):
        import torch

        layout = torch.channels_last if channels_last else torch.contiguous_format
        if workload.kind == "pass":
            return None if channels_last else _torch_pass(workload, a)
        x = torch.tensor(a["x"]).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        if workload.shape:
            return _torch_convolution(workload, a, x, layout)
        return _torch_annex(workload, a, x, layout)

    return rung


def _torch_convolution(workload, a, x, layout):
    import torch

    w = torch.tensor(a["w"]).permute(3, 2, 0, 1).contiguous(memory_format=layout)
    b, pad = torch.tensor(a["b"]), workload.shape[4]
    if workload.kind == "forward":
        return lambda: (torch.nn.functional.conv2d(x, w, b, padding=pad).permute(0, 2, 3, 1).numpy(),)
    dy = torch.tensor(a["dy"]).permute(0, 3, 1, 2).contiguous(memory_format=layout)

    def backward():
        step = (dy, x, w, [w.shape[0]], [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, [True, True, True])
        dx, dw, db = torch.ops.aten.convolution_backward(*step)
        return dx.permute(0, 2, 3, 1).numpy(), dw.permute(2, 3, 1, 0).numpy(), db.numpy()

    return backward


def _torch_pass(workload, a):
    import torch

    from ..noise import MNIST06

    x, y = torch.tensor(a["x"]), torch.tensor(a["y"])
    order = torch.tensor(np.random.default_rng(2).permutation(len(x)))
    log_T = torch.tensor(np.log(np.asarray(MNIST06)), dtype=torch.float32)
    plain = torch.nn.CrossEntropyLoss()

    def robust(z, y):
        return -torch.logsumexp(torch.log_softmax(z, 1) + log_T[y], 1).mean()

    def run():
        model, loss = torch.nn.Linear(784, 3), robust if workload.robust else plain
        torch.nn.init.zeros_(model.weight), torch.nn.init.zeros_(model.bias)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for batch in order.split(100):
            optimiser.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimiser.step()
        return model.weight.detach().numpy().T, model.bias.detach().numpy()

    return run


def _torch_annex(workload, a, x, layout):
    import torch
    from torch import nn

    from ..noise import MNIST06

    dense = (nn.Linear(3200, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5))
    network = nn.Sequential(
        *(nn.Conv2d(3, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(), nn.Flatten(), *dense, nn.Linear(1024, 3)),
    ).to(memory_format=layout)
    if workload.kind == "inference":
        network.eval()
        with torch.no_grad():
            return torch.no_grad()(lambda: (network(x).numpy()[:0],))
    optimiser = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=0.9)
    signed = torch.tensor(np.linalg.inv(np.asarray(MNIST06)).T[a["y"]], dtype=torch.float32)

    def step():
        optimiser.zero_grad()
        (-(signed * torch.log_softmax(network(x), 1)).sum(1).mean()).backward()
        optimiser.step()
        return ()

    return step


def scikit_learn(workload, a):
    """One pass of scikit-learn's SGD on the same data: one sample a step, one against the rest; for orientation."""
    if workload.kind != "pass" or workload.robust:
        return None
    from sklearn.linear_model import SGDClassifier

    def run():
        SGDClassifier(loss="log_loss", random_state=0).partial_fit(a["x"], a["y"], classes=[0, 1, 2])
        return ()

    return run


COMPETITORS = {
    "PyTorch": ("torch", pytorch(channels_last=False)),
    "PyTorch, channels last": ("torch", pytorch(channels_last=True)),
    "scikit-learn SGD": ("sklearn", scikit_learn),
}
