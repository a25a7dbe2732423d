#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_metrics.sh EBPFGUARDCTL: its output is what Prometheus takes, says what the helper said, and has all that the
# dashboard and the alerts in conf/ ask for; these alert when they should, and only then. TAP.
#
# promtool is used where it is: in $PATH or where tests/setup unpacks it. Without it the format is looked at by a checker of
# our own, and the alerts are not tried.
set -uo pipefail

here=$(readlink -f "$(dirname "$0")")
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
CTL=$(readlink -f "$1")
FAKE=$(dirname "$CTL")/tests/fake_metrics
conf=$here/../conf
PROMTOOL=$(type -P promtool || readlink -f "${BUILD:-$here/../build}/tools/promtool")
[[ -x $PROMTOOL ]] || PROMTOOL=''
dir=$(readlink -f "$(mktemp -d)")
feeders=()
trap 'for fd in "${feeders[@]}"; do exec {fd}>&-; done; rm -rf "$dir"' EXIT
cd "$dir" || exit 1

skip() { # DESCRIPTION REASON
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
# fake SOCKET [MODE]: starts a stand-in for the helper, which ends with us.
fake() {
	local fd line
	mkfifo "$1.in" "$1.out"
	"$FAKE" "$@" <"$1.in" >"$1.out" 2>"$1.err" &
	exec {fd}>"$1.in"
	feeders+=("$fd")
	read -r line <"$1.out"
}
metrics() { "$CTL" --socket "$@"; }
value() { # FILE SERIES: what stands behind it
	local line
	while IFS= read -r line; do [[ $line != "$2 "* ]] || echo "${line#"$2 "}"; done <"$1"
}
format() { awk -f "$here/metrics_format.awk" "$1" 2>&1; }

# ---- what the helper says

fake good
metrics good metrics >up.prom 2>err
is "an answer: status" 0 $?
is "an answer: nothing on stderr" '' "$(<err)"
is "an answer: the format" '' "$(format up.prom)"
for case in 'ebpfguard_up=1' 'ebpfguard_enforcing=1' 'ebpfguard_policy_generation=7' 'ebpfguard_sessions{profile="ops"}=2' \
	'ebpfguard_info{version="0.1.0",abi="6",kernel="6.12.0-\"amd64\""}=1' 'ebpfguard_managers{profile="default"}=1' \
	'ebpfguard_refusals_total{profile="ops",operation="connect",layer="call",verdict="deny"}=2000' \
	'ebpfguard_refusals_total{profile="default",operation="exec",layer="call",verdict="deny"}=11' \
	'ebpfguard_refusals_total{profile="default",operation="ingress",layer="packet",verdict="deny"}=5' \
	'ebpfguard_refusals_total{profile="default",operation="egress",layer="packet",verdict="audit"}=0' \
	'ebpfguard_refusals_total{profile="default",operation="setuid",layer="call",verdict="audit"}=6' \
	'ebpfguard_refusals_total{profile="default",operation="?",layer="call",verdict="audit"}=' \
	'ebpfguard_refusals_total{profile="ops",operation="?",layer="call",verdict="audit"}=8' \
	'ebpfguard_kills_total{profile="ops"}=2' 'ebpfguard_events_lost_total{profile="ops"}=4' \
	'ebpfguard_packets_dropped_total{profile="ops"}=6' 'ebpfguard_packets_audited_total{profile="ops"}=8' \
	'ebpfguard_sessions_opened_total{profile="ops"}=10' 'ebpfguard_sessions_ended_total{profile="ops"}=8' \
	'ebpfguard_sessions_unguarded{reason="jobs"}=2' 'ebpfguard_sessions_unfiltered=1' 'ebpfguard_lines_suppressed_total=99' \
	'ebpfguard_lines_lost_total=21' \
	'ebpfguard_rule_hits_total{profile="default",rule="12",source="/etc/ebpfguard.conf"}=13' \
	'ebpfguard_rule_hits_total{profile="default",rule="12",source="/feeds/a\"} 1\\x0aebpfguard_up 7 \\x5c \\x1b[31m\\xff{b"}=13' \
	'ebpfguard_rule_hits_total{profile="default",rule="default",source=""}=1' \
	'ebpfguard_rule_hits_total{profile="default",rule="builtin",source=""}=1' \
	'ebpfguard_rule_hits_total{profile="default",rule="other",source=""}=1' \
	'ebpfguard_reloads_total{result="success"}=3' 'ebpfguard_reloads_total{result="failure"}=1' \
	'ebpfguard_policy_loaded_timestamp_seconds=1000000050' 'ebpfguard_reload_last_timestamp_seconds=1000000060' \
	'ebpfguard_policy_load_failed=0' 'ebpfguard_logins_exempt_total=4' 'ebpfguard_logins_refused_total{reason="caller"}=1' \
	'ebpfguard_logins_refused_total{reason="shutdown"}=8' 'ebpfguard_feed_age_seconds{feed="/feeds/gone"}=+Inf' \
	'ebpfguard_feed_age_seconds{feed="/feeds/of-tomorrow"}=0' \
	'ebpfguard_login_duration_seconds_bucket{le="0.001"}=1' 'ebpfguard_login_duration_seconds_bucket{le="0.005"}=3' \
	'ebpfguard_login_duration_seconds_bucket{le="10.0"}=3' 'ebpfguard_login_duration_seconds_bucket{le="+Inf"}=6' \
	'ebpfguard_login_duration_seconds_sum=30.012345678' 'ebpfguard_login_duration_seconds_count=6' \
	'ebpfguard_process_resident_memory_bytes=12582912' 'ebpfguard_process_open_fds=17' \
	'ebpfguard_process_start_time_seconds=1000000000'; do
	is "${case%=*}" "${case##*=}" "$(value up.prom "${case%=*}")"
done
now=$(date +%s)
age=$(value up.prom 'ebpfguard_collected_timestamp_seconds')
is "the time is ours" yes "$([[ $age -le $now && $age -gt $((now - 60)) ]] && echo yes || echo "$age, now $now")"
is "one series that says it is up" 1 "$(grep -c '^ebpfguard_up ' up.prom)"

# What is printed and what the manual page says there is, with its type and labels.
described() {
	sed -nE 's/^\.It Sy (ebpfguard_[a-z_]+) No \((counter|gauge|histogram)( by Va ([a-z ,]+) )?\)$/\1 \2 \4/p' "$here/../helper/ebpfguardctl.8" |
		tr -d , | tr -s " " | sed 's/ *$//' | sort
}
printed() {
	awk '/^# TYPE / { type[$3] = $4; order[++n] = $3; next }
		/^[a-z]/ {
			name = $0; sub(/[{ ].*/, "", name)
			sub(/_(bucket|sum|count)$/, "", name)
			gsub(/\\\\|\\"/, "")
			while (match($0, /[a-z]+="[^"]*"/)) {
				label = substr($0, RSTART, index(substr($0, RSTART), "=") - 1)
				$0 = substr($0, RSTART + RLENGTH)
				if (label != "le" && !((name, label) in has)) { has[name, label] = 1; labels[name] = labels[name] " " label }
			}
		}
		END { for (i = 1; i <= n; i++) print order[i] " " type[order[i]] labels[order[i]] }' "$1" | sort
}
is "the manual page has each metric, its type and its labels" "$(described)" "$(printed up.prom)"

# ---- for programs

# as_text: samples as the text has them; a label keeps the escapes of the text there.
as_text() {
	jq -r '.families[] | .name as $name | .samples[] | (.name // $name) + (.labels | to_entries
		| map(.key + "=\(.value | tojson)") | join(",") | if . == "" then "" else "{" + . + "}" end) + " " + (.value // "+Inf" | tostring)'
}
if type -P jq >/dev/null; then
	metrics good metrics --json >up.json 2>err
	is "--json: status, and nothing on stderr" "0:" "$?:$(<err)"
	is "--json: one line, in ASCII" "1:" "$(wc -l <up.json):$(LC_ALL=C tr -d ' -~\n' <up.json)"
	is "--json: the samples of the text" "$(grep -vE '^(#|ebpfguard_(collected|feed_age))|/feeds/a' up.prom)" \
		"$(as_text <up.json | grep -vE '^ebpfguard_(collected|feed_age)|/feeds/a')"
	is "--json: families" "$(sed -nE 's/^# TYPE //p' up.prom)" "$(jq -r '.families[] | "\(.name) \(.type)"' up.json)"
	is "--json: help" "$(sed -nE 's/^# HELP [^ ]* //p' up.prom)" "$(jq -r '.families[].help' up.json)"
	is "--json: units" "$(sed -nE 's/^# UNIT [^ ]* //p' up.prom)" "$(jq -r '.families[] | .unit // empty' up.json)"
	is "--json: a label may hold anything" $'/feeds/a"} 1\nebpfguard_up 7 \\x5c \e[31m\\xff{b' \
		"$(jq -r '.families[].samples[].labels.source // empty' up.json | grep -A 1 /feeds/a | head -n 2)"
	is "--json: what is infinite has no value" false \
		"$(jq '.families[].samples[] | select(.labels.feed == "/feeds/gone") | has("value")' up.json)"
	is "--json: a number with a fraction" 30.012345678 \
		"$(jq '.families[].samples[] | select(.name == "ebpfguard_login_duration_seconds_sum").value' up.json)"
	metrics good --output out.json --json metrics >said 2>&1
	is "--json: a file" "0::$(jq -c '.families | length' up.json)" "$?:$(<said):$(jq -c '.families | length' out.json)"
	metrics nobody --json metrics >down.json 2>/dev/null
	is "--json: no answer" "1:ebpfguard_up 0" "$?:$(as_text <down.json | head -n 1)"
	is "--json: a full disk" 1 "$(metrics good --json metrics >/dev/full 2>err; echo $?)"
else
	skip "--json" "there is no jq"
fi

# ---- a file

umask 077
metrics good --output out.prom metrics >said 2>&1
is "a file: status, and nothing said" "0:" "$?:$(<said)"
is "a file: the same text" "$(grep -vE '^ebpfguard_(collected|feed_age)' up.prom)" "$(grep -vE '^ebpfguard_(collected|feed_age)' out.prom)"
is "a file: everybody may read it" 644 "$(stat -c %a out.prom)"
echo old >before
ln before out2.prom
metrics good --output out2.prom metrics
is "a file: replaced, not written into" old "$(<before)"
is "a file: nothing is left beside it" '' "$(compgen -G '*.prom.*')"
metrics good --output none/out.prom metrics 2>err
is "a file in no directory: status" 1 $?
is "a file in no directory: said" yes "$([[ $(<err) == *"cannot write none/out.prom: No such file or directory" ]] && echo yes)"
mkdir taken.prom
metrics good --output taken.prom metrics 2>err
is "a directory in its place: status" 1 $?
is "a directory in its place: nothing is left" '' "$(compgen -G '*.prom.*')"
ln -s /nowhere link.prom
metrics good --output link.prom metrics 2>err
is "no file in its place: status" 1 $?
is "no file in its place: it stays" /nowhere "$(readlink link.prom)"
metrics good metrics >/dev/full 2>err
is "a full disk: status" 1 $?

# ---- no answer

for how in nobody short; do
	[[ $how == nobody ]] || fake "$how" "$how"
	metrics $how --output $how.prom metrics 2>err
	is "$how: status" 1 $?
	is "$how: it is not up" 0 "$(value $how.prom ebpfguard_up)"
	is "$how: and nothing else is said of it" 'ebpfguard_collected_timestamp_seconds ebpfguard_up' \
		"$(awk '!/^#/ { print $1 }' $how.prom | sort | xargs)"
	is "$how: the format" '' "$(format $how.prom)"
	is "$how: said" yes "$([[ -s err ]] && echo yes)"
done
fake refuses refuse
echo old >refuses.prom
metrics refuses --output refuses.prom metrics 2>err
is "refused: status, and the file as it was" 1:old "$?:$(<refuses.prom)"

# ---- the checker of the format: what is wrong is said

breaks() { # DESCRIPTION SED-SCRIPT
	sed -E "$2" up.prom >bad.prom
	is "the checker sees $1" yes "$(if cmp -s up.prom bad.prom; then echo 'no change'; else [[ ! $(format bad.prom) ]] || echo yes; fi)"
}
breaks 'no end' '/^# EOF/d'
breaks 'text after the end' '$s/$/\nebpfguard_late 1/'
breaks 'a type that is missing' '/^# TYPE ebpfguard_enforcing/d'
breaks 'a help that is missing' '/^# HELP ebpfguard_enforcing/d'
breaks 'a counter without _total' 's/^(# HELP |# TYPE |)ebpfguard_kills_total/\1ebpfguard_kills/'
breaks 'a gauge with _total' 's/^(# HELP |# TYPE |)ebpfguard_enforcing/\1ebpfguard_enforcing_total/'
breaks 'a unit that is not in the name' 's/^(# UNIT .*) seconds$/\1 bytes/'
breaks 'a series that comes twice' 's/^ebpfguard_up 1$/&\n&/'
breaks 'a family that comes twice' 's/^# EOF/# HELP ebpfguard_up X.\n# TYPE ebpfguard_up gauge\nebpfguard_up{a="b"} 1\n&/'
breaks 'a raw quote in a label' 's/version="/&"/'
breaks 'an unknown escape' 's/version="/&\\q/'
breaks 'a raw byte' 's/version="/&\x01/'
breaks 'buckets that become less' 's/(le="0.005"} )3/\15000/'
breaks 'bounds that do not grow' 's/le="0.005"/le="7.0"/'
breaks 'a last bucket that is missing' '/le="\+Inf"/d'
breaks 'a count that is another' 's/(_count) 6/\1 7/'
breaks 'a negative counter' 's/^(ebpfguard_lines_suppressed_total) 99/\1 -99/'
breaks 'a metric without samples' '/^ebpfguard_enforcing/d'

# ---- the dashboard

dashboard=$conf/grafana-dashboard.json
if type -P jq >/dev/null; then
	is "dashboard: what Grafana imports" true "$(jq '
		(.uid | type == "string" and length <= 40) and (.title | length > 0) and (.schemaVersion >= 36)
		and ([.templating.list[] | select(.type == "datasource" and .query == "prometheus")] | length == 1)
		and ([.panels[].id] | length == (unique | length)) and (.panels | length >= 10)
		and ([.panels[] | (.type and .title and .gridPos.w and .gridPos.h and (.targets | length > 0)
			and .datasource.uid == "${datasource}" and ([.targets[] | .expr and .refId and .datasource.uid == "${datasource}"] | all)
			and ([.targets[].refId] | length == (unique | length)) and .gridPos.x + .gridPos.w <= 24)] | all)' "$dashboard" 2>&1)"
	is "dashboard: no two panels in one place" '' "$(jq -r '[.panels[] | . as $p | range(.gridPos.x; .gridPos.x + .gridPos.w) as $x
		| range(.gridPos.y; .gridPos.y + .gridPos.h) as $y | "\($x),\($y)"] | group_by(.)[] | select(length > 1)[0]' "$dashboard" | head -n 1)"
	# Legends take labels in braces.
	jq -r '.panels[].targets[] | (.expr | gsub("\\$__[a-z_]+"; "5m")) + "\t" + ([.legendFormat | scan("\\{\\{ *([a-z_]+) *\\}\\}")[]] | join(" "))' \
		"$dashboard" >dashboard.queries
	jq -r '.templating.list[] | select(.type == "query").query.query' "$dashboard" |
		sed -E 's/^label_values\(([^,]+), *(.*)\)$/\1\t\2/' >>dashboard.queries
	is "dashboard: what is not guarded, of each kind" "sessions_unfiltered sessions_unguarded ssh_logins_unguarded" \
		"$(jq -r '.panels[] | select(.type == "stat" and .title == "Not guarded").targets[].expr' "$dashboard" |
			grep -oE 'ebpfguard_[a-z_]+' | sed 's/^ebpfguard_//' | sort | xargs)"
	# of the metrics that FILE has; whoever adds one finds it missing here
	gaps() { grep -oE '\bebpfguard_[a-z_]*(lost|suppressed|unguarded|unfiltered)[a-z_]*' "$1" | sort -u; }
	is "dashboard: all that is lost or not guarded" "$(gaps up.prom)" "$(gaps dashboard.queries)"
	is "dashboard: queries are found" yes "$( (($(wc -l <dashboard.queries) >= 20)) && echo yes)"
else
	skip "dashboard: what Grafana imports" "there is no jq"
	: >dashboard.queries
fi

# ---- the alerts: queries, and the labels that their texts take

awk '
	function flush() { if (query != "") print query "\t" labels; query = labels = "" }
	/^ *- alert:/ { flush() }
	block && !/^          / { block = 0 }
	block { sub(/^ +/, ""); query = query " " $0 }
	/^ *expr: \|/ { block = 1; next }
	/^ *expr: / { sub(/^ *expr: /, ""); query = $0 }
	{ while (match($0, /\$labels\.[a-z_]+/)) { labels = labels " " substr($0, RSTART + 8, RLENGTH - 8); $0 = substr($0, RSTART + RLENGTH) } }
	END { flush() }' "$conf/prometheus-alerts.yml" >alert.queries
names=$(sed -nE 's/^ *- alert: //p' "$conf/prometheus-alerts.yml")
is "alerts: each has a query" "$(wc -l <<<"$names")" "$(wc -l <alert.queries)"
for which in dashboard alert; do
	[[ -s $which.queries ]] || continue
	is "$which: no metric and no label that there is not" '' "$(awk -f "$here/metrics_names.awk" up.prom $which.queries 2>&1)"
done
foreign() { # DESCRIPTION QUERY TAB LABELS: is seen
	printf '%s\n' "$2" >foreign
	is "names: $1" yes "$([[ ! $(awk -f "$here/metrics_names.awk" up.prom foreign) ]] || echo yes)"
}
foreign "a metric that there is not" $'sum(ebpfguard_nothing)\t'
foreign "a label that selects" $'ebpfguard_sessions{reason="x"}\t'
foreign "a label to group by" $'sum by (rule) (ebpfguard_sessions)\t'
foreign "a label of a text" $'sum(ebpfguard_sessions)\trule'

# ---- promtool

if [[ ! $PROMTOOL ]]; then
	for what in "the output" "the output without an answer" "OpenMetrics" "alerts" "dashboard" "alerts that fire"; do
		skip "promtool: $what" "there is no promtool: tests/setup check unpacks it"
	done
	echo "1..$n"
	exit
fi
is "promtool: the output" 0: "$("$PROMTOOL" check metrics <up.prom >said 2>&1; echo "$?:$(<said)")"
is "promtool: the output without an answer" 0: "$("$PROMTOOL" check metrics <nobody.prom >said 2>&1; echo "$?:$(<said)")"
# Its reader of OpenMetrics is that of backfilling, which wants times.
sed -E '/^[a-z]/s/$/ 1700000000/' up.prom >timed
is "promtool: OpenMetrics" 0 "$("$PROMTOOL" tsdb create-blocks-from openmetrics timed blocks >said 2>&1; echo $?)"
is "promtool: alerts" 0 "$("$PROMTOOL" check rules "$conf/prometheus-alerts.yml" >said 2>&1; echo $?)"
{
	echo 'groups: [{name: dashboard, rules: ['
	cut -f1 dashboard.queries | sed -E 's/[$]instance/.*/g; s/\\/\\\\/g; s/"/\\"/g; s/.*/  {record: "a:b", expr: "&", labels: {n: "N"}},/' | awk '{ sub(/N"}/, NR "\"}"); print }'
	echo ']}]'
} >dashboard.yml
is "promtool: the dashboard's queries" 0 "$("$PROMTOOL" check rules dashboard.yml >said 2>&1; echo "$?$(grep -v SUCCESS said | grep -i error)")"

# ---- the alerts fire

# All is well, for hours: values in the notation of promtool, a minute each.
well() {
	cat <<-'END'
		ebpfguard_up|1+0x1700
		ebpfguard_enforcing|1+0x1700
		ebpfguard_collected_timestamp_seconds|0+60x1700
		ebpfguard_policy_generation|7+0x1700
		ebpfguard_policy_load_failed|0+0x1700
		ebpfguard_policy_loaded_timestamp_seconds|1+0x1700
		ebpfguard_sessions_unguarded{reason="manager"}|0+0x1700
		ebpfguard_ssh_logins_unguarded{reason="onerr"}|0+0x1700
		ebpfguard_ssh_logins_unguarded{reason="exempt"}|3+0x1700
		ebpfguard_sessions_unfiltered|0+0x1700
		ebpfguard_events_lost_total{profile="default"}|5+0x1700
		ebpfguard_lines_lost_total|5+0x1700
		ebpfguard_refusals_total{profile="default",operation="connect",layer="call",verdict="deny"}|0+30x1700
		ebpfguard_feed_age_seconds{feed="/f"}|0+60x1700
		ebpfguard_logins_refused_total{reason="setup"}|3+0x1700
		ebpfguard_login_duration_seconds_bucket{le="0.01"}|0+10x1700
		ebpfguard_login_duration_seconds_bucket{le="2.0"}|0+10x1700
		ebpfguard_login_duration_seconds_bucket{le="+Inf"}|0+10x1700
	END
}
fired=()
# fires INTERVAL TIME "ALERT..." SERIES|VALUES...: with these in place of those of the same name, and "SERIES|" for none,
# these alerts fire then, and no other.
fires() {
	local series=() one line alert
	while IFS= read -r line; do
		for one in "${@:4}"; do [[ ${line%|*} != "${one%|*}" ]] || continue 2; done
		series+=("$line")
	done < <(well)
	for one in "${@:4}"; do [[ $one == *'|' ]] || series+=("$one"); done
	{
		echo "rule_files: ['$conf/prometheus-alerts.yml']"
		echo "evaluation_interval: $1"
		echo "tests: [{interval: $1, input_series: ["
		for one in "${series[@]}"; do echo "  {series: '${one%|*}', values: '${one##*|}'},"; done
		echo "], promql_expr_test: [{eval_time: $2, expr: 'count by (alertname) (ALERTS{alertstate=\"firing\"})', exp_samples: ["
		for alert in $3; do echo "  {labels: '{alertname=\"$alert\"}', value: 1},"; done
		echo "]}]}]"
	} >alerts.yml
	is "alerts: after $2: ${3:-none} (${4:-all is well})" 0 "$("$PROMTOOL" test rules alerts.yml >said 2>&1; echo "$?$(grep -A 9 FAILED said | tail -n 8)")"
	read -ra line <<<"$3"
	fired+=("${line[@]}")
}
fires 1m 1600m ''
fires 1m 10m EbpfguardDown 'ebpfguard_up|0+0x1700'
fires 1m 1m '' 'ebpfguard_up|0+0x1700'
fires 1m 20m EbpfguardMetricsMissing 'ebpfguard_up|'
fires 1m 20m EbpfguardMetricsStale 'ebpfguard_collected_timestamp_seconds|1+0x1700'
fires 1m 5m EbpfguardNotEnforcing 'ebpfguard_enforcing|0+0x1700'
fires 1m 5m EbpfguardNoPolicy 'ebpfguard_policy_generation|0+0x1700'
fires 1m 10m EbpfguardReloadFailing 'ebpfguard_policy_load_failed|1+0x1700'
fires 1m 3m '' 'ebpfguard_policy_load_failed|1+0x1700'
fires 1m 15m EbpfguardSessionsNotGuarded 'ebpfguard_sessions_unguarded{reason="manager"}|2+0x1700'
fires 1m 15m EbpfguardSshNotGuarded 'ebpfguard_ssh_logins_unguarded{reason="onerr"}|1+0x1700'
fires 1m 10m EbpfguardPacketLayerMissing 'ebpfguard_sessions_unfiltered|1+0x1700'
fires 1m 15m EbpfguardEventsLost 'ebpfguard_events_lost_total{profile="default"}|5+0x10 6+0x1700'
fires 1m 15m EbpfguardLinesLost 'ebpfguard_lines_lost_total|5+0x10 6+0x1700'
fires 1m 40m '' 'ebpfguard_lines_lost_total|5+0x10 6+0x1700'
fires 1m 40m '' 'ebpfguard_events_lost_total{profile="default"}|5+0x10 6+0x1700'
busy='ebpfguard_refusals_total{profile="default",operation="connect",layer="call",verdict="deny"}'
fires 1m 1568m EbpfguardRefusalSpike "$busy|0+1x1560 10000+6000x100"
fires 1m 1568m '' "$busy|0+6000x1700"
fires 1m 1568m '' "$busy|0+6000x1700" 'ebpfguard_refusals_total{profile="default",operation="connect",layer="call",verdict="audit"}|0+1x1560 10000+6000x100'
fires 1m 90m EbpfguardFeedStale 'ebpfguard_feed_age_seconds{feed="/f"}|700000+60x1700'
fires 1m 90m EbpfguardFeedStale 'ebpfguard_feed_age_seconds{feed="/f"}|Inf+0x1700'
fires 1m 15m EbpfguardLoginsRefused 'ebpfguard_logins_refused_total{reason="setup"}|0+0x5 1+1x1700'
fires 1m 30m EbpfguardLoginsSlow 'ebpfguard_login_duration_seconds_bucket{le="0.01"}|0+1x1700'
# Months, in hours.
slow=('ebpfguard_collected_timestamp_seconds|0+3600x3000' 'ebpfguard_up|1+0x3000' 'ebpfguard_feed_age_seconds{feed="/f"}|0+0x3000')
fires 1h 2200h EbpfguardPolicyStale 'ebpfguard_policy_loaded_timestamp_seconds|1+0x3000' "${slow[@]}"
fires 1h 2200h '' 'ebpfguard_policy_loaded_timestamp_seconds|5000000+0x3000' "${slow[@]}"
is "alerts: each was seen to fire" "$(sort -u <<<"$names")" "$(printf '%s\n' "${fired[@]}" | sed '/^$/d' | sort -u)"
echo "1..$n"
