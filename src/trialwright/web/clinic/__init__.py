"""Pages for the site: its participants and what happened to each."""
