"""Read the public headers: what they declare and what their comments promise.

One reader for everything that depends on them: the manual pages (make-man), the symbol list
(make-symbols) and the checks in tests/meta. It knows the form of include/voicepriv/base.h and no
other C; whatever departs from that form comes back as a problem, never as a guess.
"""

import pathlib
import re

FIELDS = ("Owns", "Threads", "Realtime", "Secrets", "Since")

# A label counts at the start of a line or after two blanks, so that prose may use the same words.
_LABEL = re.compile(
    r"(?:^|(?<=\n)|[ \t]{2,})[ \t]*(?:@(?P<tag>\w+)(?:\[(?P<way>[\w,]+)\])?(?=\s|$)|(?P<field>"
    + "|".join(FIELDS) + r"):(?=\s|$))")
_COMMENT_OR_TEXT = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank_comments(text, keep_strings=False):
    """Replace comments (and string contents) by blanks of the same shape, so offsets stay."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found if keep_strings else found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)
    return _COMMENT_OR_TEXT.sub(blank, text)


def comment_text(comment):
    """The words of a /** … */ comment; two blanks of indentation are the margin."""
    body = comment.removeprefix("/**").removesuffix("*/")
    lines = [re.sub(r"^\s*\* {0,2}", "", line) for line in body.split("\n")]
    lines[0] = lines[0].strip()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


class Doc:
    """One doc comment, taken apart."""

    def __init__(self, comment):
        text = comment_text(comment)
        labels = list(_LABEL.finditer(text))
        self.prose = text[:labels[0].start()].strip() if labels else text.strip()
        self.params = []   # (name, "in" | "out" | "in,out", text)
        self.retvals = []  # (value, text)
        self.returns = []
        self.fields = {}
        self.problems = []
        for label, following in zip(labels, labels[1:] + [None]):
            value = text[label.end():following.start() if following else len(text)]
            self._take(label, re.sub(r"\s*\n\s*", " ", value).strip())

    def _take(self, label, value):
        first, _, rest = value.partition(" ")
        tag, field = label["tag"], label["field"]
        if field:
            if field in self.fields:
                self.problems.append(f"{field}: given twice")
            if not value:
                self.problems.append(f"{field}: says nothing")
            self.fields[field] = value
        elif tag == "param":
            way = label["way"] or "in"
            if way not in ("in", "out", "in,out"):
                self.problems.append(f"@param[{way}]: use [out] or [in,out]")
            if not rest.strip():
                self.problems.append(f"@param {first}: says nothing")
            self.params.append((first, way, rest.strip()))
        elif tag == "retval":
            if not first:
                self.problems.append("@retval: names no value")
            self.retvals.append((first, rest.strip()))
        elif tag == "return":
            if not value:
                self.problems.append("@return: says nothing")
            self.returns.append(value)
        else:
            self.problems.append(f"@{tag}: not a label of ours")

    def brief(self):
        """The first sentence, without its full stop."""
        match = re.match(r"(.+?[.!?])(?=\s|$)", re.sub(r"\s+", " ", self.prose))
        return match.group(1)[:-1] if match else re.sub(r"\s+", " ", self.prose)


class Function:
    """One exported function."""

    def __init__(self, header, declaration, doc, line):
        self.header = header
        self.declaration = re.sub(r"\s+", " ", declaration).strip()
        self.doc = doc
        self.line = line
        self.problems = []
        self.must_check = "VPRIV_MUST_CHECK" in declaration
        match = re.match(r"(.*?)\b(\w+) ?\((.*)\) ?;$", self._plain(), re.S)
        if not match:
            raise ValueError(f"{header}:{line}: cannot read this declaration: {self.declaration}")
        self.returns = match[1].strip()
        self.name = match[2]
        self.params = [_param_name(part) for part in _split_commas(match[3])]
        self.params = [name for name in self.params if name != "void"]
        self._types = [part for part in _split_commas(match[3])]

    def _plain(self):
        """The declaration without our attribute macros."""
        plain = re.sub(r"\bVPRIV_(?:API|MUST_CHECK)\b", "", self.declaration)
        plain = re.sub(r"\bVPRIV_(?:PRINTF|FORMAT|NONNULL)\s*\([^()]*\)", "", plain)
        return re.sub(r"\s+", " ", plain).strip()

    def prototype(self, width=76):
        """The prototype as a manual page shows it: attributes left out, wrapped at commas."""
        head = f"{self.returns} " if not self.returns.endswith("*") else self.returns
        start = f"{head}{self.name}("
        lines, line = [], start
        for index, part in enumerate(self._types):
            piece = part + (");" if index == len(self._types) - 1 else ",")
            if len(line) + len(piece) > width and line.strip() != start.strip():
                lines.append(line.rstrip())
                line = "    "
            line += piece + " "
        return lines + [line.rstrip()]


def _split_commas(text):
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [part for part in parts + [text[start:].strip()] if part]


def _param_name(text):
    match = re.search(r"\(\s*\*\s*(?:const\s+)?(\w+)", text)
    if match:
        return match[1]
    words = re.findall(r"\w+|\.\.\.", re.sub(r"\[[^\]]*\]", "", text))
    return words[-1] if words else text


class Header:
    """One public header."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.name
        self.room = self.path.stem
        self.text = self.path.read_text(encoding="utf-8")
        self.code = blank_comments(self.text)
        first = re.match(r"\s*(/\*\*.*?\*/)", self.text, re.S)
        self.file_comment = comment_text(first[1]) if first else ""
        self.functions = list(self._functions())

    def _functions(self):
        for match in re.finditer(r"(?<!\w)VPRIV_API\b[^;{]*;", self.code):
            line_start = self.code.rfind("\n", 0, match.start()) + 1
            if self.code[line_start:match.start()].lstrip().startswith("#"):
                continue
            line = self.text.count("\n", 0, match.start()) + 1
            before = self.text[:match.start()]
            comment = re.search(r"/\*\*(?:(?!\*/).)*\*/\s*$", before, re.S)
            doc = Doc(comment.group(0).strip()) if comment else None
            yield Function(self.name, match.group(0), doc, line)

    def file_prose(self):
        """The sentences after @file, without the example."""
        lines = self.file_comment.split("\n")
        if lines and lines[0].startswith("@file"):
            lines = lines[1:]
        return "\n".join(line for line in lines if not line.startswith("    ")).strip()

    def example(self):
        """The indented lines of the file comment."""
        lines = [line if line.startswith("    ") else "" for line in self.file_comment.split("\n")]
        return "\n".join(line[4:] for line in lines).strip("\n").split("\n") if any(lines) else []

    def types(self):
        """Every typedef, with its comment, as written."""
        for match in re.finditer(r"^typedef\b", self.code, re.M):
            depth, end = 0, match.start()
            while not (self.code[end] == ";" and depth == 0):
                depth += (self.code[end] == "{") - (self.code[end] == "}")
                end += 1
            comment = re.search(r"/\*\*(?:(?!\*/).)*\*/\s*$", self.text[:match.start()], re.S)
            words = comment_text(comment.group(0).strip()) if comment else ""
            yield words, self.text[match.start():end + 1]

    def macros(self):
        """Every VPRIV_ constant: (name, line as written)."""
        for match in re.finditer(r"^#define[ \t]+(VPRIV_\w+)[ \t]+(?!__attribute__)\S.*$", self.text, re.M):
            yield match[1], re.sub(r"\s+", " ", match[0])


def read_headers(root):
    """All public headers under a source tree, sorted by name."""
    folder = pathlib.Path(root) / "include" / "voicepriv"
    headers = [Header(path) for path in sorted(folder.glob("*.h"))]
    if not headers:
        raise ValueError(f"no headers in {folder}")
    return headers


def functions_of(headers):
    """Every exported function by name."""
    return {function.name: function for header in headers for function in header.functions}
