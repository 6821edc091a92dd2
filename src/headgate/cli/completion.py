"""Completion for shells: the shell asks `headgate __complete`, which answers from the data file.

click's own needs an import of a tenth of a second for every press of the key, and its tree. How a
`--search` may go on, the server is asked.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headgate.cli.errors import OK, UsageError
from headgate.cli.options import GLOBALS
from headgate.cli.tree import Option, find, option_of

if TYPE_CHECKING:
    from headgate.cli.run import Job

Json = Mapping[str, Any]

_SEARCH = "--search"
_FILES = "\0files"  # no candidates: let the shell complete names of files

_BASH = r"""_headgate() {
    local answer word=${COMP_WORDS[COMP_CWORD]}
    answer=$(headgate __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [[ $answer == files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --search ]]; then
        compopt -o nospace 2>/dev/null
        case $word in
            \'*) answer=$(sed "s/'/'\\\\''/g" <<<"$answer") ;;
            \"*) answer=$(sed 's/[\\"$`]/\\&/g' <<<"$answer") ;;
            *) answer=$(sed "s/[^[:alnum:]_.\t]/\\\\&/g" <<<"$answer") ;;
        esac
    fi
    mapfile -t COMPREPLY < <(cut -f1 <<<"$answer")
    [[ -z ${COMPREPLY[0]-} ]] && COMPREPLY=()
}
complete -F _headgate headgate
"""

_ZSH = """\
#compdef headgate
_headgate() {
    local answer line
    local -a found
    answer=$(headgate __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if [[ $answer == files ]]; then
        _files
        return
    fi
    for line in ${(f)answer}; do
        found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    _describe headgate found
}
compdef _headgate headgate
"""

_FISH = """\
function __headgate_complete
    set -l words (commandline --tokenize --cut-at-cursor) (commandline --current-token)
    set -l answer (headgate __complete $words[2..-1] 2>/dev/null)
    if test "$answer" = files
        __fish_complete_path (commandline --current-token)
    else
        printf '%s\\n' $answer
    end
end
complete --command headgate --no-files --arguments '(__headgate_complete)'
"""


def bash(job: "Job") -> int:
    """`completion bash`."""
    return _script(job, _BASH)


def zsh(job: "Job") -> int:
    """`completion zsh`."""
    return _script(job, _ZSH)


def fish(job: "Job") -> int:
    """`completion fish`."""
    return _script(job, _FISH)


def _script(job: "Job", text: str) -> int:
    job.output.raw(text.encode())
    return OK


def complete(tree: Json, words: Sequence[str]) -> int:
    """Write what may stand for the last word: `candidate<TAB>help`, or `files`."""
    before, last = (words[:-1], words[-1]) if words else ((), "")
    if before and before[-1] == _SEARCH:
        from headgate.cli.search_completion import searches  # noqa: PLC0415 - asks the server

        for search in searches(tree, before[:-1], last):
            sys.stdout.write(f"{search}\t\n")
        return OK
    candidates = list(_candidates(tree, before, last))
    if [candidate for candidate, _ in candidates] == [_FILES]:
        sys.stdout.write("files\n")
        return OK
    for candidate, about in candidates:
        if candidate.startswith(last):
            sys.stdout.write(f"{candidate}\t{about}\n")
    return OK


def _candidates(tree: Json, before: Sequence[str], last: str) -> Iterator[tuple[str, str]]:
    plain, pending = _without_globals(before)
    if pending is not None:
        yield from _values(pending)
        return
    try:
        found = find(tree, plain)
    except UsageError:
        return
    node = found.node
    if not last.startswith("-") and "commands" in node and not found.rest:
        yield from ((word, child["help"]) for word, child in sorted(node["commands"].items()))
        return
    options = [option_of(option) for option in node.get("options", ())]
    previous = next((each for each in options if before and before[-1] in each.flags), None)
    if previous is not None and previous.kind != "flag":
        yield from _values(previous)
        return
    word = next((each for each in options if each.to == node.get("word")), None)
    if word is not None and not found.rest and not last.startswith("-"):
        yield from _values(word)
    given = set(before)
    for option in (*options, *GLOBALS):
        if not given & set(option.flags) or option.kind in ("list", "paths"):
            yield option.flags[0], option.help


def _without_globals(words: Sequence[str]) -> tuple[list[str], Option | None]:
    """Return the words without global options before the command, and one that wants a value."""
    flags = {flag: option for option in GLOBALS for flag in option.flags}
    left = list(words)
    while left and left[0].startswith("-"):
        option = flags.get(left.pop(0))
        if option is None or option.kind == "flag":
            continue
        if not left:
            return [], option
        left.pop(0)
    return left, None


def _values(option: Option) -> Iterator[tuple[str, str]]:
    if option.enum:
        yield from ((value, "") for value in option.enum)
    elif option.kind == "boolean":
        yield from (("yes", ""), ("no", ""))
    elif option.kind in ("paths", "file", "text-file") or option.to in ("ca_file", "home"):
        yield _FILES, ""
