"""scratchnoise follows scikit-learn's conventions without importing it.

Some of its tools look for scikit-learn's own exception classes. Where a caller has imported scikit-learn, what is
raised here is an instance of both ours and theirs.
"""

import inspect
import sys
from html import escape
from typing import TYPE_CHECKING, Any

from ..messages import nearest

if TYPE_CHECKING:
    from typing_extensions import Self


class NotFittedError(ValueError, AttributeError):
    """A model was asked to predict before `fit`."""


class DataConversionWarning(UserWarning):
    """An array was passed in a shape that had to be changed."""


class ConvergenceWarning(UserWarning):
    """A fit is not the optimum that was looked for, or it says nothing. The message says what to do."""


def recognised(cls):
    """`cls`, or a subclass of it that is also scikit-learn's class of that name, if scikit-learn is in use."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), cls.__name__, None)
    return type(cls.__name__, (cls, theirs), {"__module__": cls.__module__}) if theirs else cls


class Estimator:
    """Parameters, repr, tags and metadata requests of a classifier, by scikit-learn's conventions."""

    @classmethod
    def _parameter_names(cls):
        return [p for p in inspect.signature(cls.__init__).parameters if p != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments as a dict; with `deep`, those of nested estimators as "name__parameter"."""
        params = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    params |= {f"{name}__{k}": v for k, v in value.get_params().items()}
        return params

    def set_params(self, **params: Any) -> "Self":
        """Set constructor arguments, "name__parameter" for nested estimators. Returns self.

        Raises ValueError for an unknown name, with the nearest right one.
        """
        known = self._parameter_names()
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in known:
                raise ValueError(f"Invalid parameter {outer!r} for {type(self).__name__}; {nearest(outer, known)}")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, outer, value)
        return self

    def __repr__(self):
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if repr(v) != repr(defaults[k].default)]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self):
        """scikit-learn asks for this, so it is imported already."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=self.allow_images),
        )

    def _repr_html_(self):
        """The model in a notebook: scikit-learn's picture where it is in use, else a table of the parameters."""
        if "sklearn" in sys.modules:
            from sklearn.utils import estimator_html_repr

            return estimator_html_repr(self)
        params = self.get_params(deep=False).items()
        rows = "".join(f"<tr><td>{escape(k)}</td><td>{escape(repr(v))}</td></tr>" for k, v in params)
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"

    # --- metadata routing: whether a pipeline or a search passes sample_weight on to these methods ------------

    _routed: tuple[str, ...] = ("fit", "score")

    def set_fit_request(self, *, sample_weight):
        """Whether scikit-learn's metadata routing passes sample_weight to `fit`: True, False, None, or an alias."""
        return self._request("fit", sample_weight)

    def set_score_request(self, *, sample_weight):
        """Whether scikit-learn's metadata routing passes sample_weight to `score`: True, False, None, or an alias."""
        return self._request("score", sample_weight)

    def get_metadata_routing(self):
        """The requests as scikit-learn's MetadataRequest; it asks for them, so it is imported already."""
        from sklearn.utils.metadata_routing import MetadataRequest

        routing = MetadataRequest(owner=self)
        for method in self._routed:
            alias = vars(self).get("_requested", {}).get(method)
            getattr(routing, method).add_request(param="sample_weight", alias=alias)
        return routing

    def _request(self, method, alias):
        if not (alias is None or isinstance(alias, bool | str)):
            raise ValueError(f"sample_weight={alias!r} should be True, False, None or the name of an argument")
        self._requested = {**vars(self).get("_requested", {}), method: alias}
        return self

    @property
    def _metadata_request(self):
        """What scikit-learn's clone copies."""
        return self.get_metadata_routing()

    @_metadata_request.setter
    def _metadata_request(self, routing):
        for method in self._routed:
            alias = getattr(routing, method).requests.get("sample_weight")
            if alias is not None:
                self._request(method, alias)
