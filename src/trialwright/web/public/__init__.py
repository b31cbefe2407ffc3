"""Pages for everybody: the trial as its definition says it."""
