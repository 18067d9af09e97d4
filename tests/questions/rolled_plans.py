"""Plans rolled forward for the tests."""

from capexpand.studies.roll.rolling import roll_forward, template


def rolled(tmp_path, subject, as_of, change=None):
    """Return a plan rolled with what it expects, some rows changed."""
    content = template(subject, as_of).decode()
    for old, new in (change or {}).items():
        assert old in content
        content = content.replace(old, new)
    file = tmp_path / f"{as_of}.csv"
    file.write_text(content)
    return roll_forward(subject, file, as_of=as_of)
