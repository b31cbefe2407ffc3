"""The mixed model for repeated measures: one linear model with a covariance matrix over the visits."""
