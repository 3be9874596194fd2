"""The site's own key: what receipts and install records are signed with (media.key)."""

from typing import TYPE_CHECKING

from wizard.engine.step import Context

if TYPE_CHECKING:
    from wizard.bundle.keys.private import PrivateKey


def site_key(ctx: Context) -> "PrivateKey | None":
    """The key, or None where none is named. Raises Problem `key-unusable`, `key-password-wrong`, `secret-not-found`."""
    from wizard.bundle.keys.private import PrivateKey

    media = ctx.answers.media
    if media.key is None:
        return None
    password = ctx.world.secret(media.key_password, "media.keyPassword") if media.key_password else None
    return PrivateKey.read(media.key, password)
