"""What a check raises when it does not pass."""


class Failure(Exception):
    """A check that did not pass: what is wrong, the step, and on which input (argument name -> value) if on one.

    mistake: name of a known mistake, where the check itself can tell. raised: names of the classes of the exception in
    the student's code, the most special one first; says: its text.
    """

    def __init__(self, text, step=None, inputs=None, mistake=None, raised=(), says=""):
        super().__init__(text)
        self.text, self.step, self.inputs, self.mistake = text, step, inputs, mistake
        self.raised, self.says = tuple(raised), says
        self.place = ""  # the check, as the student reads it


class Stopped(KeyboardInterrupt):
    """The student's code was ended before it was done. status: "timeout" or "crashed"; the text says where it was.

    A KeyboardInterrupt, because Hypothesis catches other exceptions and goes on.
    """

    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text
