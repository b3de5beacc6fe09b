"""What reads user input into nodes: the text language, and Python through NumPy's protocols."""
