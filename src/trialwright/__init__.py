"""A clinical trial, written once and run."""
