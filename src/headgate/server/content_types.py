"""The content types of this server: each is named here, and nowhere else outside its folder."""

from collections.abc import Mapping

from headgate.content.container.content import ContainerType
from headgate.content.file.content import FileType
from headgate.content.rpm.content import YumType
from headgate.plugin import ContentType


def content_types() -> Mapping[str, ContentType]:
    """Return every content type by the name that repositories carry."""
    return {each.name: each for each in (YumType(), FileType(), ContainerType())}
