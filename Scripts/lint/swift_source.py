"""Swift source with the text of comments and string literals blanked, so that a rule sees code only."""

import re

_TOKEN = re.compile(
    r'(?P<line>//[^\n]*)'
    r'|(?P<open>/\*)'
    r'|(?P<raw>(?P<hashes>#+)(?P<rawquotes>"""|").*?(?P=rawquotes)(?P=hashes))'
    r'|(?P<long>"""(?:\\.|[^\\])*?""")'
    r'|(?P<short>"(?:\\.|[^"\\\n])*")',
    re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _comment_end(source, start):
    """Block comments nest in Swift."""
    depth, position = 0, start
    for edge in _COMMENT_EDGE.finditer(source, start):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    return len(source)


def code_lines(source):
    """The lines of `source`, equal in number and columns, without what comments and literals say."""
    parts, position = [], 0
    while match := _TOKEN.search(source, position):
        end = _comment_end(source, match.start()) if match["open"] else match.end()
        parts += [source[position : match.start()], _blank(source[match.start() : end])]
        position = end
    parts.append(source[position:])
    return "".join(parts).split("\n")
