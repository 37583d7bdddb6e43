"""A bank of students' solutions: right ones that look unusual, and wrong ones with the slips that people make."""
