"""The labels of a transition matrix: those of a data frame, those that are given, and putting them in order."""

from .checks import as_floats, as_labels
from .messages import shown


def labelled(name, array, classes):
    """The values as float64 (C, C), a copy, and their labels: those of a data frame, or `classes`."""
    index, columns = getattr(array, "index", None), getattr(array, "columns", None)
    values = as_floats(name, array)
    if columns is None and classes is None:
        return values, getattr(array, "classes", None)  # a TransitionMatrix has them
    if columns is None or index is None or values.ndim != 2:
        return values, classes
    index, columns = index.tolist(), columns.tolist()
    if index == list(range(len(index))) and columns == list(range(len(columns))):
        return values, classes
    if classes is not None:
        raise ValueError(f"classes={shown(classes)} should be None, because {name} is a data frame with its own labels")
    return values[:, order_of(name, columns, "its columns", index, "its index")], index


def order_of(name, have, what, wanted, other):
    """Where each of the labels `wanted` stands among `have`."""
    place = {label: i for i, label in enumerate(have)}
    if set(place) != set(wanted) or len(have) != len(wanted) or len(place) != len(have):
        only, lacking = (sorted(a - b, key=str)[:5] for a, b in ((set(have), set(wanted)), (set(wanted), set(have))))
        difference = f"only the first has {only}, only the second has {lacking}" if only or lacking else "one repeats"
        raise ValueError(f"{name} has {what} {shown(have)} and {other} {shown(wanted)}, which differ: {difference}")
    return [place[label] for label in wanted]


def as_classes(classes, C):
    """Labels as a list; ValueError unless they are C different ones."""
    labels = as_labels("classes", classes)
    if labels.shape != (C,) or len(set(labels.tolist())) < C:
        raise ValueError(f"classes={shown(classes)} should be {C} different labels, one for each row of T")
    return labels.tolist()
