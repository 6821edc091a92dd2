"""Yum repository metadata: read, cut into fragments, kept in segments, written again.

A pure library: it knows files and bytes, no database, no HTTP. What each module is for:

- `compression`: the one guarded decompressor.
- `repomd`: the index of a repository's metadata files.
- `slicer`, `reserializer`: cutting XML into elements; the second copes with what the first refuses.
- `stream`: the packages of primary, filelists and other, joined.
- `packages`: what a package's fragments say.
- `segments`, `cuts`, `writer`: keeping fragments compressed, and making metadata of any of them.
- `pieces`: what files have in common with earlier ones, so that it is copied.
- `updateinfo`, `comps`, `modules`, `treeinfo`: the other kinds of metadata.
- `uploads`: fragments of a package file.
"""
