"""Where a student's code runs: a process that holds none of the answers.

`worker` waits for calls and sends back what came out, `running` makes the calls, `wire` is how arrays travel. Whatever
is imported here is within reach of the student's code, so nothing here imports the library or the checks.
"""
