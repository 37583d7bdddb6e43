"""Which mutant each property must reject."""

MUTANTS = {}  # property -> the mutants


def rejected_by(*properties):
    """Register the function below as a mutant that each of these properties must reject."""

    def register(mutant):
        for prop in properties:
            MUTANTS.setdefault(prop, []).append(mutant)
        return mutant

    return register
