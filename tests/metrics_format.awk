# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Is this text what Prometheus takes, in the classic format and, timestamps aside, in that of OpenMetrics? Says what is
# wrong, a line each, and ends with status 1 if anything is. Stricter than either: what one allows and the other does not
# is wrong here.
#
#   awk -f metrics_format.awk FILE

function wrong(what) { print FILENAME ":" NR ": " what; bad = 1 }
function ends(text, end) { return length(text) > length(end) && substr(text, length(text) - length(end) + 1) == end }

# The sample's labels, checked; "le" of it goes to `le`.
function check_labels(text,    name, value, c, known, i, s) {
	le = ""
	while (text != "") {
		if (!match(text, /^[a-zA-Z_][a-zA-Z0-9_]*="/)) { wrong("a label that is none: " text); return }
		name = substr(text, 1, RLENGTH - 2)
		text = substr(text, RLENGTH + 1)
		if (name in known) wrong("label " name " twice")
		known[name] = 1
		value = ""
		for (i = 1; i <= length(text); i++) {
			c = substr(text, i, 1)
			if (c == "\"") break
			if (c == "\\") {
				c = c substr(text, ++i, 1)
				if (c != "\\\\" && c != "\\\"" && c != "\\n") wrong("escape " c)
			} else if (c < " " || c > "~") wrong("a raw byte in the value of " name)
			value = value c
		}
		if (i > length(text)) { wrong("the value of " name " does not end"); return }
		if (name == "le") le = value
		text = substr(text, i + 1)
		if (text != "" && substr(text, 1, 1) != ",") { wrong("after label " name ": " text); return }
		if (text == ",") wrong("a comma too much")
		sub(/^,/, "", text)
	}
}

# A family is over: does a histogram have all that one has?
function end_family() {
	if (family != "" && !samples) wrong("no samples of " family " before here")
	if (type == "histogram") {
		if (last_le != "+Inf") wrong("buckets of " family " do not end with +Inf")
		if (count == "" || sum == "" || count != last_n) wrong("sum or count of " family " is missing or not that of +Inf")
	}
	family = ""
}

function begin_family(name) {
	if (name == family) return
	end_family()
	if (name in seen) wrong("family " name " comes twice")
	if (name !~ /^[a-z][a-z0-9_]*$/) wrong("name " name)
	seen[name] = 1
	family = name
	type = help = unit = last_le = count = sum = ""
	last_n = samples = 0
}

function check_bucket(value) {
	if (last_le == "+Inf") wrong("a bucket after +Inf")
	if (le != "+Inf" && le !~ /^[0-9]+\.[0-9]+$/) wrong("le=\"" le "\"")
	if (last_le != "" && le != "+Inf" && le + 0 <= last_le + 0) wrong("le=\"" le "\" does not grow")
	if (value + 0 < last_n + 0) wrong("buckets must not become less")
	last_le = le
	last_n = value
}

function check_sample(name, value) {
	samples++
	if (type == "histogram") {
		if (name == family "_bucket") check_bucket(value)
		else if (name == family "_sum") sum = value
		else if (name == family "_count") count = value
		else wrong("sample " name " is not of the histogram " family)
		return
	}
	if (name != family) wrong("sample " name " is not of " family)
	if (type == "counter" && value !~ /^[0-9]+$/) wrong("a counter of " value)
}

eof { wrong("text after # EOF"); eof = 0 }
/^# EOF$/ { end_family(); eof = ended = 1; next }
/^# HELP / {
	begin_family($3)
	if (help != "" || samples) wrong("HELP twice, or late")
	help = $0
	if ($0 !~ /\.$/ || $0 ~ /\\/) wrong("help is a sentence, without escapes")
	next
}
/^# TYPE / {
	begin_family($3)
	if (type != "" || samples) wrong("TYPE twice, or late")
	type = $4
	if (NF != 4 || type !~ /^(counter|gauge|histogram)$/) wrong("type " type)
	if ((type == "counter") != ends($3, "_total")) wrong("of counters, and of nothing else, the name ends in _total")
	next
}
/^# UNIT / {
	begin_family($3)
	if (unit != "" || samples) wrong("UNIT twice, or late")
	unit = $4
	if (NF != 4 || !ends($3, "_" unit)) wrong("unit " unit " is not the end of " $3)
	next
}
/^[a-z]/ {
	if (!match($0, /^[a-z][a-z0-9_]*/)) next
	name = substr($0, 1, RLENGTH)
	rest = substr($0, RLENGTH + 1)
	labels = ""
	if (substr(rest, 1, 1) == "{") {
		# The last one with a blank behind it: a value of ours holds no blank that comes later.
		for (at = length(rest); at > 0 && substr(rest, at, 2) != "} "; at--) ;
		labels = substr(rest, 2, at - 2)
		rest = substr(rest, at + 1)
	}
	if (help == "" || type == "") wrong(name " has no HELP or no TYPE")
	check_labels(labels)
	if (rest !~ /^ ([0-9]+(\.[0-9]+)?|\+Inf)$/) wrong("value" rest)
	if ((name, labels) in series) wrong("the same series twice: " name "{" labels "}")
	series[name, labels] = 1
	check_sample(name, substr(rest, 2))
	next
}
{ wrong("what is this: " $0) }
END {
	if (!ended) { print FILENAME ": no # EOF"; bad = 1 }
	exit bad
}
