"""Rows of whatever holds samples: an array, a sparse matrix or a data frame."""


def take_rows(X, rows):
    """The chosen rows of X in its own type. rows: a slice, or a mask or indices (NumPy)."""
    if hasattr(X, "iloc"):  # a data frame, whose X[rows] would choose columns
        return X.iloc[rows]
    if hasattr(X, "tocsr"):  # some sparse formats have no rows to index
        return X.tocsr()[rows]
    return X[rows]


def is_table(X):
    """Whether X is a sparse matrix or a data frame: something that only some estimators read, and never an array."""
    return hasattr(X, "tocsr") or hasattr(X, "iloc")
