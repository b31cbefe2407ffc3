"""Pages for the office: how the trial stands, all arms together."""
