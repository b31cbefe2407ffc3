"""Lists in the plural: extensions, escrow, terms, an allocator's draws, slots sealed anew."""

from django.db import migrations, models

from trialwright.store import triggers


def unguard(apps: object, editor: object) -> None:
    """Take the triggers away, which SQLite would trip over when it remakes a table."""
    triggers.remove(editor)


def guard(apps: object, editor: object) -> None:
    """Install the triggers of this database's vendor."""
    triggers.install(editor)


def belong(apps: object, editor: object) -> None:
    """The slots that are there belong to the one list that is there."""
    editor.execute("UPDATE store_slot SET list_id = (SELECT MIN(id) FROM store_list)")  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]

    operations = [
        migrations.RunPython(unguard, guard),
        migrations.AddField("List", "kind", models.TextField(default="sealed list"), preserve_default=False),
        migrations.AddField("List", "purpose", models.TextField(default="production"), preserve_default=False),
        migrations.AddField("List", "escrow_1", models.BinaryField(null=True)),
        migrations.AddField("List", "escrow_2", models.BinaryField(null=True)),
        migrations.AddField("List", "terms", models.TextField(default="{}"), preserve_default=False),
        migrations.AddField("List", "taken_by", models.IntegerField(null=True, unique=True)),
        migrations.AddField("Slot", "list_id", models.IntegerField(default=1), preserve_default=False),
        migrations.RemoveConstraint("Slot", "slot_place"),
        migrations.AddConstraint(
            "Slot", models.UniqueConstraint(fields=("list_id", "stratum", "position"), name="slot_place")
        ),
        migrations.CreateModel(
            name="Resealed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.TextField(db_index=True)),
                ("ciphertext", models.BinaryField()),
                ("taken_by", models.IntegerField()),
            ],
        ),
        migrations.RunPython(belong, migrations.RunPython.noop),
        migrations.RunPython(guard, unguard),
    ]
