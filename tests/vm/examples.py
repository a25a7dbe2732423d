#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the documentation shows, for tests to run as it stands.

examples.py list FILE...            one line each: FILE:LINE KIND
examples.py steps DIR FILE...       DIR/001 ... with kind, where, words, text; commands one by one, with output
examples.py match [numbers] PATTERN <GOT    is this what the file PATTERN says comes out?
examples.py fields PATTERN LOG      has each record in PATTERN the fields, in their order, of a line in LOG?

In manual pages each display (.Bd -literal, .Dl) has a line before it: .\\" example KIND [WORD...]. In Markdown it is
the indented blocks; what they are is told by what is in them. One that is of no kind is an error.
"""
import json, os, re, sys, textwrap

KINDS = "pam edit commands conf form output records message file".split()
# Blocks of the README that are pictures: their first line.
PICTURES = {"client            sshd": "how it works", "bpf/      the BPF programs": "the layout"}


def roff(line):
    line = line.replace("\\(dq", '"').replace("\\(aq", "'").replace("\\&", "").replace("\\-", "-")
    return line.replace("\\e", "\\")


def of_page(path):
    tag, inside, found = None, None, []
    for n, line in enumerate(open(path), 1):
        line = line.rstrip("\n")
        if inside is not None:
            if line == ".Ed":
                found.append(inside)
                inside = None
            else:
                inside[3].append(roff(line))
            continue
        mark = re.match(r'\.\\" example (.*)', line)
        if mark:
            tag = mark[1].split()
            continue
        if line.startswith((".Bd ", ".Dl ", ".D1 ")):
            if not tag or tag[0] not in KINDS:
                sys.exit("%s:%d: a display without a line that says what it is an example of" % (path, n))
            if line.startswith(".Bd "):
                inside = (n, tag[0], tag[1:], [])
            else:
                found.append((n, tag[0], tag[1:], [roff(line[4:])]))
        elif tag:
            sys.exit('%s:%d: .\\" example without a display' % (path, n))
        tag = None
    return found


def of_markdown(path):
    found, block, last = [], None, ""
    for n, line in enumerate(open(path).read().split("\n") + [""], 1):
        if line.startswith("```"):
            sys.exit("%s:%d: a fenced block: indent it by four" % (path, n))
        if line.startswith("    ") and (block or not last):
            if block is None:
                block = (n, [])
            block[1].append(line[4:])
        elif block and (line or not block[1][-1]):
            while not block[1][-1]:
                block[1].pop()
            found.append(block)
            block = None
        elif block:
            block[1].append("")
        last = line
    found = [(n, textwrap.dedent("\n".join(text)).split("\n")) for n, text in found] # deeper in a list
    return [(n, *kind(path, n, text), text) for n, text in found]


def kind(path, n, text):
    if any(text[0].startswith(start) for start in PICTURES):
        return "picture", []
    if all(re.match(r"(sudo|make|printf)( |$)", line) for line in text):
        return "commands", []
    if re.match(r"(START|DENY) ", text[0]):
        return "records", []
    if re.match(r"[a-z_]+ *= ", text[0]):
        return "conf", []
    sys.exit("%s:%d: an example of what? %s" % (path, n, text[0]))


def of_file(path):
    return of_markdown(path) if path.endswith(".md") else of_page(path)


def unfold(lines):
    """A line that ends in a backslash goes on without it in the next."""
    return re.sub(r" *\\\n *", " ", "\n".join(lines))


def commands(lines, prompt):
    """Yields [command, output...]: a command goes on behind |, && and a backslash."""
    one = None
    for line in lines:
        if one and re.search(r"(\||&&|\\)$", one[0]):
            one[0] += "\n" + line
        elif not prompt or line.startswith("# "):
            if one:
                yield one
            one = [line[2:] if prompt else line]
        else:
            one.append(line)
    if one:
        yield one


def steps(directory, paths):
    n = 0
    for path in paths:
        for line, what, words, text in of_file(path):
            parts = [(text, None)]
            if what == "commands":
                parts = [([c[0]], c[1:]) for c in commands(text, not path.endswith(".md"))]
            for body, output in parts:
                n += 1
                where = "%s/%03d" % (directory, n)
                os.makedirs(where)
                for name, value in (("kind", what), ("where", "%s:%d" % (os.path.basename(path), line)),
                                    ("words", " ".join(words)), ("text", "\n".join(body)),
                                    ("unfolded", unfold(body))):
                    with open(where + "/" + name, "w") as f:
                        f.write(value + "\n")
                if output:
                    with open(where + "/output", "w") as f:
                        f.write(unfold(output) + "\n")


def match(pattern, got, numbers):
    """Blanks are as wide as columns make them; times and keys are another; "..." is anything."""
    expected = ""
    token = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?|SHA256:[A-Za-z0-9+/.]+|\.\.\.|\s+|\d+|[^\s\d.]+|.", re.S)
    for t in token.findall(pattern.strip()):
        if re.match(r"\d{4}-", t):
            expected += r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?"
        elif t.startswith("SHA256:"):
            expected += r"SHA256:[A-Za-z0-9+/]{43}"
        elif t == "...":
            expected += r"[\s\S]*?"
        elif t.isspace():
            expected += r"\s+"
        elif t.isdigit() and numbers:
            expected += r"\d+"
        else:
            expected += re.escape(t)
    return re.fullmatch(expected, got.strip()) is not None


def names(record):
    if record.startswith("{"):
        record = json.loads(record)
        return [" ".join(["json", record["event"], record.get("op", "")])], list(record)
    kind = re.match(r"[A-Z]+( [a-z]+)?(?= )", record)
    return [kind[0]], re.findall(r"(?:^| )([a-z0-9_]+)=", re.sub(r'"[^"]*"', '""', record))


def fields(pattern, log):
    records, real, bad = [], {}, 0
    for line in pattern.split("\n"):
        if re.match(r"[A-Z]+ |\{", line):
            records.append(line)
        elif line and records:
            records[-1] += ("" if records[-1].startswith("{") else " ") + line.strip()
    for line in log.split("\n"):
        found = re.search(r"([A-Z]+ (?:[a-z]+ )?session=.*|\{\"event\".*)", line)
        if found:
            (key,), have = names(found[1])
            real.setdefault(key, []).append(have)
    for record in records:
        (key,), wanted = names(record)

        def has(have):
            rest = iter(have)
            return all(name in rest for name in wanted)

        if not any(has(have) for have in real.get(key, [])):
            print("no line of the log has what this has:", key, *wanted)
            for have in real.get(key, [])[:2]:
                print("  it has:", *have)
            bad = 1
    if not records:
        print("no record")
    return bad or not records


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == "list":
        for path in args:
            for n, what, words, text in of_file(path):
                print("%s:%d %s" % (path, n, " ".join([what, *words])))
    elif command == "steps":
        steps(args[0], args[1:])
    elif command == "match":
        numbers = args[0] == "numbers"
        sys.exit(not match(open(args[-1]).read(), sys.stdin.read(), numbers))
    elif command == "fields":
        sys.exit(fields(open(args[0]).read(), open(args[1]).read()))


main()
