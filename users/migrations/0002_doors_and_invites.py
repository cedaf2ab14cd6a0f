import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from users.invites import codes

BATCH = 5000


def give_codes(apps, schema_editor):
    """Everybody who is here already gets an invite code."""
    everybody = apps.get_model("users", "User").objects
    while users := list(everybody.filter(invite_code=None).order_by("pk").only("pk", "invite_code")[:BATCH]):
        codes.give_codes(users, everybody)
        with schema_editor.connection.cursor() as cursor:  # bulk_update() takes a hundred times as long on SQLite
            cursor.executemany("UPDATE users_user SET invite_code = %s WHERE id = %s", [(user.invite_code, user.pk) for user in users])


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('users', '0001_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='PhoneCode',
            fields=[
                ('phone', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('expires', models.DateTimeField(db_index=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='user',
            name='email_proofs',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='invite_code',
            field=models.CharField(editable=False, max_length=6, null=True, verbose_name='invite code'),
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name='user',
            name='invite_code',
            field=models.CharField(editable=False, max_length=6, verbose_name='invite code'),
        ),
        migrations.AddField(
            model_name='user',
            name='invited_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='invited at'),
        ),
        migrations.AddField(
            model_name='user',
            name='invited_by',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invited', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddField(
            model_name='user',
            name='proven_email',
            field=models.CharField(blank=True, default='', editable=False, max_length=254),
        ),
        migrations.AddField(
            model_name='user',
            name='proven_phone',
            field=models.CharField(blank=True, default='', editable=False, max_length=16),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('invited_by__isnull', False)), fields=['invited_by', 'id'], name='invited_by_id'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('email_key', ''), _negated=True), fields=['email_key'], name='users_by_email'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['phone'], name='users_by_phone'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('invite_code',), name='one_user_an_invite_code'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('proven_email', ''), _negated=True), fields=('email_key',), name='one_user_a_proven_email'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('proven_phone', ''), _negated=True), fields=('proven_phone',), name='one_user_a_proven_phone'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('proven_phone', ''), ('proven_phone', models.F('phone')), _connector='OR'), name='proven_phone_is_the_phone'),
        ),
    ]
