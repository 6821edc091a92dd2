"""Identifiers, each a type of its own so that one kind never passes for another."""

from typing import NewType

OrganizationId = NewType("OrganizationId", int)
UserId = NewType("UserId", int)
EnvironmentId = NewType("EnvironmentId", int)
ProductId = NewType("ProductId", int)
CredentialId = NewType("CredentialId", int)
RepositoryId = NewType("RepositoryId", int)
RepositoryVersionId = NewType("RepositoryVersionId", int)
ContentSetId = NewType("ContentSetId", int)
PublicationId = NewType("PublicationId", int)
ContentViewId = NewType("ContentViewId", int)
ContentViewVersionId = NewType("ContentViewVersionId", int)
FilterId = NewType("FilterId", int)
FilterRuleId = NewType("FilterRuleId", int)
BlobId = NewType("BlobId", int)
UnitId = NewType("UnitId", int)
TaskId = NewType("TaskId", str)
UploadId = NewType("UploadId", str)
PersonalAccessTokenId = NewType("PersonalAccessTokenId", int)
DistributionId = NewType("DistributionId", int)
