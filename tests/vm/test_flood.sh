#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A million refusals by twenty sessions at once: they are counted exactly, the log gets no more lines than it may, the
# helper stays small and answers, and logins go on. Then the same, smaller, with a helper that is killed in the middle, more than once.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=flood
SESSIONS=20
EACH=${EG_FLOOD_EACH:-50000}
EACH_KILLED=$((EACH / 4))
KILLS=4
RATE=100 # log.rate
W=/srv/flood
mkdir -p $W
chmod 1777 $W

# Adds up the lines of sessions: "sessions N refused N ... " and one line for each that does not add up.
cat >$W/sums.py <<'E2'
import collections, re, sys
killed = sys.argv[1] == "killed"
truth, plain, marked = {}, collections.Counter(), collections.Counter()
kinds = collections.Counter()
for line in sys.stdin:
    m = re.search(r"ebpfguard-helper\[\d+\]: (\w+) (.*)", line)
    if not m:
        continue
    kind, rest = m.groups()
    words = rest.split()
    fields = dict(w.split("=", 1) for w in words if "=" in w)
    session = fields.get("session")
    known = {"session", "user", "uid", "profile", "seconds", "refused", "audited", "lost", "count", "replayed", "killed",
             "packets", "packets_audited", "host", "time", "mono"}
    ops = {k: int(v) for k, v in fields.items() if k not in known and v.isdigit()}
    to = marked if fields.get("replayed") == "yes" else plain
    kinds[kind + ("+" if to is marked else "")] += 1
    if kind in ("DENY", "AUDIT", "KILL"):
        to[session, words[0]] += int(fields.get("count", 1))
    elif kind in ("SUPPRESSED", "LOST") and "count" in fields:
        if sum(ops.values()) != int(fields["count"]):
            print("count is not the sum:", line.strip())
        for op, n in ops.items():
            to[session, op] += n
        kinds["counts of " + kind] += int(fields["count"])
    elif kind == "END" and "user=alice" in words:
        if int(fields["refused"]) + int(fields["audited"]) != sum(ops.values()):
            print("operations are not all:", line.strip())
        truth[session] = ops
for session, ops in truth.items():
    for op in set(ops) | {o for s, o in list(plain) + list(marked) if s == session}:
        low, n, high = plain[session, op], ops.get(op, 0), plain[session, op] + marked[session, op]
        if not low <= n <= high or (not killed and low != n):
            print(f"session {session} {op}: {n} refused, lines {low}, and {high - low} marked")
print("#", *(f"{k}: {n};" for k, n in sorted(kinds.items())), file=sys.stderr)
print("sessions", len(truth), "connect", sum(o.get("connect", 0) for o in truth.values()),
      "sendmsg", sum(o.get("sendmsg", 0) for o in truth.values()))
E2

# The most of the helper's lines in one second of the journal's clock, which is the sender's, and all of them.
cat >$W/rate.py <<'E2'
import json, sys
times = []
for line in sys.stdin:
    e = json.loads(line)
    if isinstance(e.get("MESSAGE"), str) and e["MESSAGE"].split(" ", 1)[0].isupper():
        times.append(int(e["_SOURCE_REALTIME_TIMESTAMP"]))
times.sort()
most = first = 0
for i, t in enumerate(times):
    while times[first] <= t - 1000000:
        first += 1
    most = max(most, i - first + 1)
print(most, len(times))
E2

helper() { systemctl show -P MainPID ebpfguard.service; }
# ms COMMAND...: how long it takes, in milliseconds; its output is not of interest.
ms() {
	local start=${EPOCHREALTIME/./}
	"$@" >/dev/null 2>&1 || echo "# failed: $*"
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
longest() { sort -n | tail -n 1; }
logged_in() { (($(since_mark | grep -c ' START .* user=alice .* service=sshd ') >= SESSIONS)); }
ended() { (($(since_mark | grep -c ' END .* user=alice .* refused=[1-9]') >= SESSIONS)); }

# begin N: the sessions, each of which waits for the word.
begin() {
	local i
	rm -f $W/go $W/said.*
	mark
	for ((i = 0; i < SESSIONS; i++)); do
		sh_as alice "nice -n 19 $T/try refusals $1 $W/go" >$W/said.$i &
		((i % 4 < 3)) || until_true 60 eval "(( \$(since_mark | grep -c ' START .* user=alice ') > $i ))"
	done
	until_true 120 logged_in
}
flooding() { (($(cat $W/said.* | wc -l) < SESSIONS)); }

printf 'deny = ["18.0.0.0/9"];\n' >$W/conf
good=$(cat /etc/ebpfguard.conf)
cat $W/conf >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
touch $W/go
is "outside: none is refused" "0 0" "$(runuser -u alice -- $T/try refusals 1000 $W/go)"

# asked WHEN: how long logins and answers take while the sessions go on.
asked() {
	while flooding; do
		ms sh_as bob true >>"$W/login.$1"
		ms ebpfguardctl metrics >>"$W/answer.$1"
		sleep 0.3
	done
}

# ---- the same, refused nothing: what it takes to share the machine with twenty busy sessions

printf 'deny = ["192.0.2.0/24"];\n' >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
begin "$EACH"
touch $W/go
asked allowed
is "allowed: none is refused" "0 0" "$(awk '{ c += $1; s += $2 } END { print c, s }' $W/said.*)"
until_true 120 eval '! ebpfguardctl sessions | grep -q " alice .* open "'
cat $W/conf >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null

# ---- a flood

begin "$EACH"
pid=$(helper)
since=@$(date +%s)
start=$SECONDS
touch $W/go
asked refused
took=$((SECONDS - start))
until_true 120 ended
echo "# $((EACH * SESSIONS)) attempts took $took s; a login $(longest <$W/login.allowed) ms while nothing is refused, $(longest <$W/login.refused) ms" \
	"($(wc -l <$W/login.refused) of them); an answer $(longest <$W/answer.allowed) and $(longest <$W/answer.refused) ms"
is "every one is refused" "$((SESSIONS * EACH * 4 / 5)) $((SESSIONS * EACH / 5))" \
	"$(awk '{ c += $1; s += $2 } END { print c, s }' $W/said.*)"
is "lines and counts: all of them, by session and operation" \
	"sessions $SESSIONS connect $((SESSIONS * EACH * 4 / 5)) sendmsg $((SESSIONS * EACH / 5))" \
	"$(since_mark | python3 $W/sums.py exact)"
read -r most lines <<<"$(journalctl -q -t ebpfguard-helper --since "$since" -o json \
	--output-fields=MESSAGE,_SOURCE_REALTIME_TIMESTAMP | python3 $W/rate.py)"
if ((most > 0 && most <= RATE)); then pass "at most $most of $lines lines in any second"; else fail "lines in a second: $most, rate $RATE"; fi
high=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$(helper)/status")
if ((high > 0 && high < 64 * 1024)); then pass "the helper took $high kB"; else fail "the helper took $high kB"; fi
is "logins: none is refused" 0 "$(cat $W/login.* | grep -c failed)"
is "answers: none is missing" 0 "$(cat $W/answer.* | grep -c failed)"
is "the helper is the same" "$pid" "$(helper)"
for what in login answer; do
	slow=$(longest <$W/$what.refused) usual=$(longest <$W/$what.allowed)
	if ((slow < 3 * usual + 1000)); then pass "$what: $slow ms at most, $usual while nothing is refused"; else fail "$what: $slow ms, $usual while nothing is refused"; fi
done

# ---- killed in the middle

begin "$EACH_KILLED"
touch $W/go
early=0 others=0
for ((i = 0; i < KILLS; i++)); do
	pid=$(helper)
	sleep 0.5
	flooding && early=$((early + 1))
	kill -9 "$pid"
	systemctl reset-failed ebpfguard.service
	until_true 120 systemctl start ebpfguard.service 2>/dev/null
	[[ $(helper) != "$pid" ]] && others=$((others + 1))
done
until_true 200 eval '! flooding'
until_true 120 ended
if ((early > 0)); then pass "killed: $early times in the middle"; else fail "killed: never in the middle"; fi
is "killed: another one goes on each time" $KILLS $others
is "killed: every one is refused" "$((SESSIONS * EACH_KILLED * 4 / 5)) $((SESSIONS * EACH_KILLED / 5))" \
	"$(awk '{ c += $1; s += $2 } END { print c, s }' $W/said.*)"
is "killed: no count is missing, and what may be too many is marked" \
	"sessions $SESSIONS connect $((SESSIONS * EACH_KILLED * 4 / 5)) sendmsg $((SESSIONS * EACH_KILLED / 5))" \
	"$(since_mark | python3 $W/sums.py killed)"
marked=$(since_mark | grep -c ' replayed=yes')
if ((marked <= KILLS)); then pass "killed: $marked lines are marked"; else fail "killed: $marked lines are marked"; fi

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
rm -rf $W
all_over
