"""The web application: pages to read, one package per reader (public, clinic, office).

Pages are made from the definition and from the facts of the ledger, as a blinded person may know them. Nothing is
entered here yet, and nothing here can open a seal.
"""
