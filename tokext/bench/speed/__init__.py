"""Characters per second of the same text, through models that this machine runs."""
