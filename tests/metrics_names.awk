# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Do queries name only metrics and labels that there are? Says what they name besides, a line each, and ends with status
# 1 if there is any.
#
#   awk -f metrics_names.awk METRICS QUERIES
#
# METRICS: output of `ebpfguardctl metrics`. QUERIES: a line each: PromQL, a tab, and the labels, separated by blanks, that
# texts beside it take from its result. Labels that Prometheus adds to every metric are there.
BEGIN {
	split("and or unless offset by without on ignoring group_left group_right bool", words, " ")
	for (i in words) keyword[words[i]] = 1
	added["instance"] = added["job"] = 1
}

function wrong(what) { print "in " $0 ": " what; bad = 1 }

FNR == NR {
	if (/^#/) next
	match($0, /^[a-z0-9_]+/)
	name = substr($0, 1, RLENGTH)
	metric[name] = 1
	gsub(/\\\\|\\"/, "") # so that what is in quotes ends at one
	while (match($0, /[a-z_]+="[^"]*"/)) {
		one = substr($0, RSTART, RLENGTH)
		sub(/=.*/, "", one)
		has[name, one] = 1
		$0 = substr($0, RSTART + RLENGTH)
	}
	next
}

# Does a metric of this query have the label?
function is_there(label,    i) {
	if (label in added) return 1
	for (i = 1; i <= n; i++) if ((used[i], label) in has) return 1
	return 0
}

# Takes the names of metrics out of the query, with the labels that select.
function take_metrics(text,    name, list, i, parts, count) {
	n = 0
	while (match(text, /[a-zA-Z_:][a-zA-Z0-9_:]*/)) {
		name = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (name in keyword || text ~ /^ *\(/) continue
		used[++n] = name
		if (!(name in metric)) wrong("there is no metric " name)
		if (text !~ /^\{/) continue
		list = substr(text, 2, index(text, "}") - 2)
		text = substr(text, index(text, "}") + 1)
		count = split(list, parts, ",")
		for (i = 1; i <= count; i++) {
			sub(/^ */, "", parts[i])
			sub(/ *[=!].*/, "", parts[i])
			if (parts[i] != "" && !(parts[i] in added) && !((name, parts[i]) in has)) wrong(name " has no label " parts[i])
		}
	}
	if (!n) wrong("it names no metric")
}

{
	tab = index($0, "\t")
	query = substr($0, 1, tab - 1)
	extra = substr($0, tab + 1)
	gsub(/"[^"]*"/, "", query)
	gsub(/\[[^]]*\]/, "", query)             # ranges
	gsub(/offset +[0-9]+[smhdwy]/, "", query)
	grouped = ""
	while (match(query, /(by|without) *\([^)]*\)/)) {
		one = substr(query, RSTART, RLENGTH)
		query = substr(query, 1, RSTART - 1) " " substr(query, RSTART + RLENGTH)
		gsub(/^(by|without)|[(),]/, " ", one)
		grouped = grouped " " one
	}
	take_metrics(query)
	count = split(grouped " " extra, parts, " ")
	for (i = 1; i <= count; i++) if (!is_there(parts[i])) wrong("no metric of it has the label " parts[i])
}
END { exit bad }
