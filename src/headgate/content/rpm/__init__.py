"""RPM content: yum repositories, their metadata, packages, errata, groups and modules."""
