import pytest

from tests import servers

polib = pytest.importorskip("polib")
pytestmark = pytest.mark.once
SOURCES = sorted(servers.PROJECT.glob("*/locale/*/LC_MESSAGES/*.po"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(servers.PROJECT).parts[0])
def test_every_message_is_translated(source):
    messages = polib.pofile(str(source))
    assert [message.msgid for message in messages.untranslated_entries() + messages.fuzzy_entries()] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(servers.PROJECT).parts[0])
def test_the_compiled_file_is_of_this_source(source):
    """`make messages` compiles; the compiled files are committed, since a fresh machine has no msgfmt."""
    compiled = polib.mofile(str(source.with_suffix(".mo")))
    assert _translations(compiled) == _translations(polib.pofile(str(source)))


def _translations(messages):
    return {(message.msgctxt, message.msgid): message.msgstr_plural or message.msgstr for message in messages if not message.obsolete}
