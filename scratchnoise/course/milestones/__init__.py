"""`scratchnoise train --mine`: a student's functions, put into the models that they are parts of.

`own_functions`: which functions passed their checks, and the processes in which they run. `own_table`: a table of
kernels, the student's where there are, NumPy's elsewhere. `models`: the three models, their data and settings.
`training` fits each of them twice, on that table and on NumPy's, and prints both.
"""
