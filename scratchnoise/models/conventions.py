"""scratchnoise follows scikit-learn's conventions without importing it.

Some of its tools look for scikit-learn's own exception classes. Where a caller has imported scikit-learn, what is
raised here is an instance of both ours and theirs.
"""

import sys


class NotFittedError(ValueError, AttributeError):
    """A model was asked to predict before `fit`."""


class ConvergenceWarning(UserWarning):
    """Training ended where it should not have."""


class DataConversionWarning(UserWarning):
    """An array was passed in a shape that had to be changed."""


def recognised(cls):
    """`cls`, or a subclass of it that is also scikit-learn's class of that name, if scikit-learn is in use."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), cls.__name__, None)
    return type(cls.__name__, (cls, theirs), {"__module__": cls.__module__}) if theirs else cls
