"""How the models do on a user's own arrays, beside scikit-learn and cleanlab: `python -m scratchnoise.practice`.

Needs scikit-learn, which nothing else in the package imports.
"""
