"""The report's study: protocol, runner, tables, figures, report."""
