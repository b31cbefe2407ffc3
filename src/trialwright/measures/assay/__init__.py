"""From the wells of a plate to concentrations: standard curves, their acceptance, and what they say of the samples."""
