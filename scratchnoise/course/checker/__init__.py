"""Checking a student's file: `student` runs it without trusting it, `steps` holds the checks in their order,
`diagnosis` recognises known mistakes, `message` is what the student reads.
"""
