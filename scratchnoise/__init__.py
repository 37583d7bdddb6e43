"""Learning from wrong labels, written by hand."""

__version__ = "0.1.0"
