# SPDX-License-Identifier: ISC
#
# table.awk - tables in Markdown from results.json, a flat object on each line.
# Of several rounds: the median of a figure, the sum of what went wrong, the
# worst of a maximum. With -v plot=figure: columns for gnuplot instead, a line
# for each row that is a number of subscribers, a column for each server.

BEGIN {
	servers = split("rtmpd nginx floor merging forked", server, " ")
	label["rtmpd"] = "rtmpd"
	label["nginx"] = "nginx-rtmp"
	label["floor"] = "floor"
	label["merging"] = "floor, merging"
	label["forked"] = "floor, forked"
}

{
	gsub(/[{}"]/, "")
	fields = split($0, pair, ",")
	delete v
	for (i = 1; i <= fields; i++) {
		at = index(pair[i], ":")
		v[substr(pair[i], 1, at - 1)] = substr(pair[i], at + 1)
	}
	if (!(v["row"] in seen)) {
		seen[v["row"]] = 1
		row[++rows] = v["row"]
	}
	where = v["row"] SUBSEP v["server"]
	count[where]++
	for (f in v)
		value[where, f, count[where]] = v[f]
}

# The figure as it was in round n; "" if there was none.
function figure(r, s, f, n) {
	return (r, s, f, n) in value ? value[r, s, f, n] : ""
}

function rounds(r, s) {
	return (r, s) in count ? count[r, s] : 0
}

function median(r, s, f,    i, j, n, x, list) {
	n = 0
	for (i = 1; i <= rounds(r, s); i++) {
		if ((x = figure(r, s, f, i)) == "")
			continue
		for (j = n++; j > 0 && list[j] > x + 0; j--)
			list[j + 1] = list[j]
		list[j + 1] = x + 0
	}
	if (n == 0)
		return ""
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function total(r, s, f,    i, sum) {
	for (i = 1; i <= rounds(r, s); i++)
		sum += figure(r, s, f, i)
	return sum + 0
}

function worst(r, s, f,    i, most) {
	for (i = 1; i <= rounds(r, s); i++)
		if (figure(r, s, f, i) + 0 > most)
			most = figure(r, s, f, i) + 0
	return most + 0
}

# A number in a cell: three digits that count; - where there is none.
function cell(x) {
	if (x == "")
		return "-"
	return sprintf(x >= 100 || x <= -100 ? "%.0f" : \
	    x >= 10 || x <= -10 ? "%.1f" : "%.2f", x)
}

# The figure of s as a multiple of that of t.
function ratio(r, s, t, f,    a, b) {
	a = median(r, s, f)
	b = median(r, t, f)
	return a == "" || b == "" || b + 0 == 0 ? "-" : sprintf("%.2f", a / b)
}

function medians(r, s, list,    i, n, f, out) {
	n = split(list, f, " ")
	for (i = 1; i <= n; i++)
		out = out " " cell(median(r, s, f[i])) " |"
	return out
}

# The head of a table; names are split at commas.
function head(names, texts,    i, n, name, line) {
	n = split(names, name, ",")
	line = "|"
	for (i = 1; i <= n; i++)
		line = line (i <= texts ? "---|" : "---:|")
	gsub(/,/, " | ", names)
	printf("| %s |\n%s\n", names, line)
}

function begin_row(r, s) {
	printf("| %s | %s |", r, label[s])
}

function stream_row(r, s,    wrong) {
	begin_row(r, s)
	wrong = total(r, s, "corrupted") + total(r, s, "disorder") + \
	    total(r, s, "failed")
	printf(" %s |%s %s | %s | %s |%s %d | %d | %d | %d |%s\n",
	    figure(r, s, "hold", 1), medians(r, s, "cpu_us cpu_percent"),
	    ratio(r, s, "nginx", "cpu_us"), ratio(r, s, "merging", "cpu_us"),
	    ratio(r, s, "forked", "cpu_us"),
	    medians(r, s, "latency_p50_ms latency_p99_ms latency_p999_ms " \
	    "first_video_ms first_video_p99_ms"), total(r, s, "delivered"),
	    total(r, s, "missing"), total(r, s, "skipped"), wrong,
	    medians(r, s, "idle_percent"))
}

function memory_row(r, s) {
	begin_row(r, s)
	printf("%s\n", medians(r, s, "memory_kib memory_all_kib " \
	    "pss_growth_kib memory_after_kib shared_kib"))
}

function join_row(r, s) {
	begin_row(r, s)
	printf(" %s |%s %s | %d of %d |%s %s |%s %d | %d |\n",
	    figure(r, s, "hold", 1),
	    medians(r, s, "first_key_ms first_key_p99_ms"),
	    cell(worst(r, s, "first_key_max_ms")),
	    total(r, s, "first_key_count"), total(r, s, "joiners"),
	    medians(r, s, "latency_p99_ms"), cell(worst(r, s, "gap_ms")),
	    medians(r, s, "cpu_percent"), total(r, s, "missing"),
	    total(r, s, "skipped"))
}

function idle_row(r, s) {
	begin_row(r, s)
	printf(" %d |%s\n", figure(r, s, "subscribers", 1),
	    medians(r, s, "cpu_ms seconds memory_kib memory_all_kib " \
	    "memory_after_kib"))
}

# Which table row r belongs to.
function kind_of(r) {
	return r == "joins" ? "join" : \
	    r == "waiting" || r == "idle" ? "idle" : "stream"
}

# A table of the rows of a kind, if there are any: what is one of stream,
# memory, join and idle.
function table(title, what, kind, names,    i, j, begun) {
	for (i = 1; i <= rows; i++)
		for (j = 1; j <= servers; j++) {
			if (kind_of(row[i]) != kind ||
			    rounds(row[i], server[j]) == 0)
				continue
			if (!begun++) {
				printf("\n## %s\n\n", title)
				head(names, 2)
			}
			if (what == "stream")
				stream_row(row[i], server[j])
			else if (what == "memory")
				memory_row(row[i], server[j])
			else if (what == "join")
				join_row(row[i], server[j])
			else
				idle_row(row[i], server[j])
		}
}

function tables() {
	table("Streams", "stream", "stream",
	    "row,server,hold ms,us/message,% of a core,of nginx," \
	    "of merging floor,of forked floor,p50 ms,p99,p99.9," \
	    "first video ms,p99,delivered,missing,skipped,wrong,% idle")
	table("Memory", "memory", "stream",
	    "row,server,KiB/subscriber,with sockets and shared,PSS," \
	    "server KiB,shared KiB")
	table("500 joins within a second, beside 10 who watch", "join",
	    "join", "row,server,hold ms,first picture ms,p99,max," \
	    "have a picture,watchers' p99 ms,longest gap ms,% of a core," \
	    "missing,skipped")
	table("Nothing to do", "idle", "idle",
	    "row,server,subscribers,CPU ms,in s,KiB/subscriber," \
	    "with sockets and shared,server KiB")
}

function columns(    i, j, x) {
	for (i = 1; i <= rows; i++) {
		if (row[i] !~ /^[0-9]+$/)
			continue
		printf("%s", row[i])
		for (j = 1; j <= servers; j++) {
			x = median(row[i], server[j], plot)
			printf(" %s", x == "" ? "?" : x)
		}
		printf("\n")
	}
}

END {
	if (plot != "")
		columns()
	else
		tables()
}
