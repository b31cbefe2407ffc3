"""The one app with models: ledger, vault and read models."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Django's name for this package."""

    name = "trialwright.store"
    label = "store"
    verbose_name = "Trialwright store"
