"""Facts, accesses, pages, vault, and the triggers that keep them append-only."""

from django.db import migrations, models

from trialwright.store import triggers


def guard(apps: object, editor: object) -> None:
    """Install the triggers of this database's vendor."""
    triggers.install(editor)


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Access",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("at", models.TextField()),
                ("by", models.TextField()),
                ("role", models.TextField()),
                ("kind", models.TextField()),
                ("participant", models.TextField(null=True)),
                ("visit", models.TextField(null=True)),
                ("form", models.TextField(null=True)),
                ("repeat", models.TextField(null=True)),
                ("why", models.TextField(null=True)),
                ("version", models.TextField()),
                ("payload", models.TextField(null=True)),
                ("salt", models.TextField(null=True)),
                ("digest", models.TextField()),
                ("previous", models.TextField()),
                ("seal", models.TextField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="List",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("root", models.TextField()),
                ("annex_sha256", models.TextField()),
                ("annex", models.BinaryField()),
                ("trial", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="SealedValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.TextField()),
                ("commitment", models.TextField()),
                ("ciphertext", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("at", models.TextField()),
                ("by", models.TextField()),
                ("role", models.TextField()),
                ("kind", models.TextField()),
                ("participant", models.TextField(null=True)),
                ("visit", models.TextField(null=True)),
                ("form", models.TextField(null=True)),
                ("repeat", models.TextField(null=True)),
                ("why", models.TextField(null=True)),
                ("version", models.TextField()),
                ("payload", models.TextField(null=True)),
                ("salt", models.TextField(null=True)),
                ("digest", models.TextField()),
                ("previous", models.TextField()),
                ("seal", models.TextField()),
            ],
            options={
                "indexes": [models.Index(fields=["participant", "number"], name="fact_participant")],
            },
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("participant", models.TextField()),
                ("visit", models.TextField()),
                ("form", models.TextField()),
                ("repeat", models.TextField()),
                ("number", models.IntegerField()),
                ("body", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("participant", "visit", "form", "repeat"), name="page_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Slot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stratum", models.TextField()),
                ("position", models.IntegerField()),
                ("label", models.TextField(unique=True)),
                ("leaf", models.TextField()),
                ("ciphertext", models.BinaryField()),
                ("drawn_by", models.IntegerField(null=True, unique=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("stratum", "position"), name="slot_place")],
            },
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
