"""The break host: a process of its own, under its own user, that shows one doctor one participant's treatment, once.

It needs neither the clinic's server nor its database: it holds every sealed slot by label, one private key, the people
who may ask, and a log of its own, which alone says which arm was shown. What leaves it is a signed notice without the
arm. Nothing here asks anybody for leave (BL3).
"""
