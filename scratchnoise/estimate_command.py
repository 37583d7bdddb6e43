"""scratchnoise estimate FILE.npz: all estimators side by side, T with its errors, and the verdict in words."""


def add_command(commands):
    """Add `estimate` to the commands of the command line."""
    command = commands.add_parser("estimate", help="the transition matrix of noisy labels in FILE.npz, and a verdict")
    command.add_argument("file", metavar="FILE.npz", help="x_train and the noisy y_train (and x_test, y_test)")
    command.add_argument("--seed", type=int, default=0, help="seed of folds and bootstrap (default: %(default)s)")
    command.add_argument("--figure", metavar="FILE.png", help="draw T with its errors")
    command.set_defaults(run=_run)


def _run(arguments):
    from rich.console import Console

    from .data.npz import load_npz
    from .estimate import DEFAULT, estimates_side_by_side
    from .models import SoftmaxRegression

    data = load_npz(arguments.file)
    X = data.x_train.reshape(len(data.x_train), -1)
    plain = SoftmaxRegression(random_state=arguments.seed)
    estimates = estimates_side_by_side(plain, X, data.y_train, random_state=arguments.seed)
    T = estimates[DEFAULT]
    names = [data.class_names[j] for j in T.diagnostics["classes"]]
    console = Console(highlight=False)
    for name in (DEFAULT, *T.diagnostics["mean_of"]):
        errors = T.diagnostics["standard_errors"] if name == DEFAULT else None
        console.print(_table(f"{name}: P(label of the row | true class of the column)", estimates[name], errors, names))
    console.print(_overview(estimates, names))
    for sentence in verdict_in_words(T, names):
        console.print(sentence, markup=False)
    if arguments.figure:
        from .study.figures import save

        save(figure(T, names), arguments.figure)


def verdict_in_words(T, names):
    """The sentences to show a user, from the diagnostics of `judge`. names: of the classes, in the order of T."""
    from .estimate.quality import verdict

    quality = T.diagnostics
    sentences = [f"Doubt: {sentence}." for sentence in verdict(T, names)] or ["No reason to doubt T was found."]
    condition = f"The condition number of T is {quality['condition_number']:.1f}."
    return [*sentences, f"Models use {quality['trust']:.0%} of T, the rest is the identity.", condition]


def figure(T, names):
    """T as a heat map, each cell with its entry and its standard error; a matplotlib figure."""
    import numpy as np
    from matplotlib.figure import Figure

    C, errors = len(T), T.diagnostics["standard_errors"]
    drawing = Figure(figsize=(1.5 + 0.85 * C, 1.5 + 0.7 * C), layout="constrained")
    ax = drawing.subplots()
    ax.imshow(T.array, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(C, C):
        colour = "white" if T.array[i, j] > 0.6 else "black"
        text = f"{T.array[i, j]:.2f}\n±{errors[i, j]:.2f}"
        ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
    ax.set_xticks(range(C), names, rotation=45, ha="right")
    ax.set_yticks(range(C), names)
    ax.set(xlabel="true class", ylabel="noisy label", title="estimated T ± standard error")
    return drawing


def _table(title, T, errors, names):
    import numpy as np
    from rich.table import Table

    table = Table("label", *names, title=title)
    for i, row in enumerate(np.asarray(T)):
        cells = [f"{v:.2f}" if errors is None else f"{v:.2f} ± {errors[i, j]:.2f}" for j, v in enumerate(row)]
        table.add_row(names[i], *cells)
    return table


def _overview(estimates, names):
    """All estimators in a line each: the diagonal, the condition number, how far from the first."""
    import numpy as np
    from rich.table import Table

    first = next(iter(estimates.values())).array
    columns = ("estimator", *names, "condition number", "mean difference")
    table = Table(*columns, title="all estimators: share of each class that is labelled right")
    for name, T in estimates.items():
        diagonal = (f"{v:.2f}" for v in np.diag(T.array))
        table.add_row(name, *diagonal, f"{T.cond:.1f}", f"{np.abs(T.array - first).mean():.3f}")
    return table
