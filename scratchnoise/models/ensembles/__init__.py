"""Decision trees and what is built of many of them: bagging, AdaBoost, SmoothBoost and LogitBoost."""

from .adaboost import AdaBoost
from .bagging import Bagging
from .decision_tree import DecisionTree
from .logitboost import LogitBoost
from .smoothboost import SmoothBoost

__all__ = ["AdaBoost", "Bagging", "DecisionTree", "LogitBoost", "SmoothBoost"]
