"""The path tree of an entitlement certificate: which URL paths its holder may read.

The extension with the OID ending .9.7 holds a tree of path segments. A path is open when it
begins, on whole segments, with one of the tree's paths; a segment of the tree that starts with `$`
stands for any one segment. Equal subtrees are shared, so the tree is a graph of nodes, each a
mapping from a word (a segment) to the nodes below it. A node without words ends a path.

The encoding (Candlepin's certificate version 3):

1. The words, by rising number of uses, each followed by a NUL, deflated (zlib).
2. The number of nodes: one byte up to 127, else 128 + n and then n bytes, big endian.
3. Bits: for every node, the root first and the others by rising number of parents, for every child
   the code of its word and the code of its node, then the code of the end marker; zero padding.

Codes are Huffman codes over weights 1, 2, 3 ...: over the words in their order and then the end
marker, and over the nodes but the root in their order. The two lightest are joined, the one longer
in the queue first when equal; the first gets bit 0; what was joined goes to the queue's end.
"""

import heapq
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from headgate.domain.errors import InvalidContentError

# OpenSSL takes a certificate chain of up to 100 KiB; 6,000 paths need 30 KiB.
MAX_ENCODED = 128 * 1024
MAX_INFLATED = 1024 * 1024  # bytes of words
MAX_WORDS = 32_768
MAX_NODES = 32_768
MAX_EDGES = 131_072
MAX_DEPTH = 64  # segments of a path

_Node = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PathTree:
    """A set of path prefixes; `nodes[0]` is the root, a word leads to indexes of nodes."""

    nodes: tuple[_Node, ...]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """Build the tree of these paths; a path below another one adds nothing.

        ValueError when there is no path, or one without segments: the format cannot tell "opens
        nothing" from "opens everything".
        """
        trie: _Trie = {}
        for path in paths:
            _insert(trie, _segments(path))
        if not trie:
            raise ValueError("a path tree needs at least one path")
        return cls(_ordered(_merged(trie)))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read an encoded tree; InvalidContentError when it is broken or beyond the limits."""
        if len(data) > MAX_ENCODED:
            raise InvalidContentError(f"The path tree is larger than {MAX_ENCODED} bytes")
        words, rest = _read_words(data)
        count, rest = _read_count(rest)
        nodes = _read_nodes(_Bits(rest), words, count)
        if not nodes[0]:
            raise InvalidContentError("The path tree holds no path")
        _refuse_cycles(nodes)
        return cls(nodes)

    def encode(self) -> bytes:
        """Return the value of the extension, without its DER wrapping."""
        words = _words_by_use(self.nodes)
        *word_codes, end = _huffman_codes(len(words) + 1)
        code_of_word = dict(zip(words, word_codes, strict=True))
        code_of_node = ["", *_huffman_codes(len(self.nodes) - 1)]
        bits = "".join(
            "".join(
                code_of_word[word] + code_of_node[child]
                for word, children in node.items()
                for child in children
            )
            + end
            for node in self.nodes
        )
        bits += "0" * (-len(bits) % 8)
        listed = "".join(f"{word}\0" for word in words).encode()
        packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
        return zlib.compress(listed, 9) + _count(len(self.nodes)) + packed

    def opens(self, path: str) -> bool:
        """Tell whether `path` (decoded, as in the URL) lies at or below a path of the tree.

        A path with `.` or `..` segments is never open: what it names depends on who resolves it.
        """
        segments = [segment for segment in path.split("/") if segment]
        if "." in segments or ".." in segments:
            return False
        here = {0}
        for segment in segments:
            here = {child for index in here for child in self._below(index, segment)}
            if any(not self.nodes[index] for index in here):
                return True
            if not here:
                return False
        return False

    def paths(self) -> Iterator[str]:
        """Yield every path of the tree; shared subtrees can make these many more than nodes."""
        pending: list[tuple[int, str]] = [(0, "")]
        while pending:
            index, path = pending.pop()
            if index and not self.nodes[index]:
                yield path
            for word, children in self.nodes[index].items():
                pending.extend((child, f"{path}/{word}") for child in children)

    def _below(self, index: int, segment: str) -> Iterator[int]:
        for word, children in self.nodes[index].items():
            if word == segment or word.startswith("$"):
                yield from children


# None ends a path.
_Trie = dict[str, "_Trie | None"]


def _segments(path: str) -> list[str]:
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        raise ValueError(f"a path of a path tree needs a segment: {path!r}")
    if len(segments) > MAX_DEPTH:
        raise ValueError(f"a path of a path tree has more than {MAX_DEPTH} segments: {path[:80]!r}")
    if "\0" in path:
        raise ValueError(f"a path of a path tree holds a NUL: {path!r}")
    return segments


def _insert(trie: _Trie, segments: Sequence[str]) -> None:
    *parents, last = segments
    for segment in parents:
        below = trie.setdefault(segment, {})
        if below is None:  # a prefix is open already
            return
        trie = below
    trie[last] = None


def _merged(trie: _Trie) -> list[_Node]:
    """Return the nodes with equal subtrees made one: the end node first, the root last."""
    index_of: dict[tuple[tuple[str, int], ...], int] = {(): 0}
    nodes: list[_Node] = [{}]

    def add(trie: _Trie | None) -> int:
        if trie is None:
            return 0
        key = tuple((word, add(trie[word])) for word in sorted(trie))
        if key not in index_of:
            index_of[key] = len(nodes)
            nodes.append({word: (child,) for word, child in key})
        return index_of[key]

    add(trie)
    return nodes


def _ordered(nodes: Sequence[_Node]) -> tuple[_Node, ...]:
    """Put the root (now last) first and the others by rising number of parents."""
    parents = Counter(child for node in nodes for below in node.values() for child in below)
    root = len(nodes) - 1
    order = [root, *sorted(range(root), key=lambda index: (parents[index], index))]
    place = {index: position for position, index in enumerate(order)}
    ordered = [
        {word: tuple(place[child] for child in below) for word, below in nodes[index].items()}
        for index in order
    ]
    if len(ordered) == 2:  # a Huffman tree of one leaf has no code: a node nobody leads to helps
        ordered.append({})
    return tuple(ordered)


def _words_by_use(nodes: Iterable[_Node]) -> list[str]:
    uses = Counter[str]()
    for node in nodes:
        for word, children in node.items():
            uses[word] += len(children)
    return sorted(uses, key=lambda word: (uses[word], word))


def _count(number: int) -> bytes:
    if number <= 127:
        return bytes([number])
    width = (number.bit_length() + 7) // 8
    return bytes([128 + width]) + number.to_bytes(width, "big")


@dataclass(frozen=True, slots=True)
class _Fork:
    """An inner node of a Huffman tree; its leaves are numbers."""

    zero: "int | _Fork"
    one: "int | _Fork"


_Tree = int | _Fork


def _huffman_tree(leaves: int) -> _Tree:
    """Join leaves 0, 1, 2 ... of weights 1, 2, 3 ...; the queue's order breaks ties."""
    queue: list[tuple[int, int, _Tree]] = [(leaf + 1, leaf, leaf) for leaf in range(leaves)]
    age = leaves
    while len(queue) > 1:
        zero = heapq.heappop(queue)
        one = heapq.heappop(queue)
        heapq.heappush(queue, (zero[0] + one[0], age, _Fork(zero[2], one[2])))
        age += 1
    return queue[0][2]


def _huffman_codes(leaves: int) -> list[str]:
    """Return the code of each leaf as a text of 0 and 1."""
    codes = [""] * leaves
    pending: list[tuple[int | _Fork, str]] = [(_huffman_tree(leaves), "")]
    while pending:
        tree, code = pending.pop()
        if isinstance(tree, int):
            codes[tree] = code
        else:
            pending += ((tree.zero, code + "0"), (tree.one, code + "1"))
    return codes


class _Bits:
    """Reads codes from bytes, most significant bit first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, tree: _Tree) -> int:
        """Follow the bits down a Huffman tree to a leaf."""
        while not isinstance(tree, int):
            byte, bit = divmod(self._at, 8)
            if byte >= len(self._data):
                raise InvalidContentError("The path tree ends too early")
            self._at += 1
            tree = tree.one if self._data[byte] >> (7 - bit) & 1 else tree.zero
        return tree


def _read_words(data: bytes) -> tuple[list[str], bytes]:
    """Return the words and what follows them."""
    inflate = zlib.decompressobj()
    try:
        listed = inflate.decompress(data, MAX_INFLATED + 1)
    except zlib.error as error:
        raise InvalidContentError(f"The words of the path tree do not inflate: {error}") from error
    if len(listed) > MAX_INFLATED:
        raise InvalidContentError(
            f"The words of the path tree inflate to over {MAX_INFLATED} bytes"
        )
    if not inflate.eof:
        raise InvalidContentError("The words of the path tree are cut off")
    if listed.count(b"\0") > MAX_WORDS:
        raise InvalidContentError(f"The path tree has more than {MAX_WORDS} words")
    try:
        *words, last = listed.decode().split("\0")
    except UnicodeDecodeError as error:
        raise InvalidContentError("The words of the path tree are not UTF-8") from error
    if last or not words or "" in words:
        raise InvalidContentError("The words of the path tree are not a list of words")
    return words, inflate.unused_data


def _read_count(data: bytes) -> tuple[int, bytes]:
    """Return the number of nodes and what follows it."""
    if not data:
        raise InvalidContentError("The path tree ends before its number of nodes")
    width = data[0] - 128 if data[0] > 127 else 0
    if width > 4 or len(data) <= width:
        raise InvalidContentError("The path tree has no readable number of nodes")
    count = int.from_bytes(data[1 : 1 + width], "big") if width else data[0]
    if not 2 <= count <= MAX_NODES:
        raise InvalidContentError(
            f"The path tree names {count} nodes, allowed are 2 to {MAX_NODES}"
        )
    return count, data[1 + width :]


def _read_nodes(bits: _Bits, words: Sequence[str], count: int) -> tuple[_Node, ...]:
    word_tree = _huffman_tree(len(words) + 1)
    node_tree = _huffman_tree(count - 1)
    end = len(words)
    nodes: list[_Node] = []
    edges = 0
    for _ in range(count):
        node: dict[str, list[int]] = {}
        while (word := bits.read(word_tree)) != end:
            edges += 1
            if edges > MAX_EDGES:
                raise InvalidContentError(f"The path tree has more than {MAX_EDGES} branches")
            node.setdefault(words[word], []).append(1 + bits.read(node_tree))
        nodes.append({word: tuple(children) for word, children in node.items()})
    return tuple(nodes)


def _refuse_cycles(nodes: Sequence[_Node]) -> None:
    """Take away nodes that nothing leads to until none is left; a cycle never empties."""
    parents = [0] * len(nodes)
    for node in nodes:
        for below in node.values():
            for child in below:
                parents[child] += 1
    free = [index for index, number in enumerate(parents) if number == 0]
    seen = 0
    while free:
        seen += 1
        for below in nodes[free.pop()].values():
            for child in below:
                parents[child] -= 1
                if parents[child] == 0:
                    free.append(child)
    if seen != len(nodes):
        raise InvalidContentError("The path tree leads back into itself")
