"""Other people's formats, one module per standard. The room is here so that the import contracts know its place; the
first standard moves in with its own line below."""
