/* SPDX-License-Identifier: ISC */
/*
 * page.js - show /streams.json, every second.
 * Names and programs in it come from strangers: they become text nodes and
 * nothing else.
 */
"use strict";

const PERIOD = 1000;		/* ms between two requests */
const PATIENCE = 4000;		/* ms for an answer */

const byId = (id) => document.getElementById(id);

function element(tag, className, text) {
	const made = document.createElement(tag);

	if (className)
		made.className = className;
	if (text !== undefined)
		made.textContent = text;
	return made;
}

/* Writing what is there already would disturb who selects or reads it. */
function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/* Numbers as people read them. */

function bits(n) {
	const units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
	let at = 0;

	for (; n >= 1000 && at < units.length - 1; at++)
		n /= 1000;
	return `${at === 0 || n >= 100 ? Math.round(n) :
	    n.toPrecision(3)} ${units[at]}`;
}

function span(s) {
	const two = (n) => String(n).padStart(2, "0");

	if (s < 60)
		return `${s}s`;
	if (s < 3600)
		return `${Math.floor(s / 60)}m${two(s % 60)}s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)}h` +
		    `${two(Math.floor(s % 3600 / 60))}m`;
	return `${Math.floor(s / 86400)}d` +
	    `${two(Math.floor(s % 86400 / 3600))}h`;
}

function count(n, one, many) {
	return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/* A line ends behind one of these words, not within it. */
function media(stream) {
	return stream.tracks.map((t) => {
		const words = [t.codec];

		if (t.profile)
			words.push(t.profile);
		if (t.width)
			words.push(`${t.width}\u00d7${t.height}`);
		if (t.fps)
			words.push(`${Math.round(t.fps * 100) / 100}\u00a0fps`);
		if (t.sample_rate)
			words.push(`${t.sample_rate / 1000}\u00a0kHz`);
		if (t.channels)
			words.push(t.channels === 1 ? "mono" :
			    t.channels === 2 ? "stereo" :
			    `${t.channels}\u00a0channels`);
		return words.join(" ");
	});
}

/* What there is in all. */

class Tile {
	constructor(name, className) {
		const box = element("div", "tile");

		this.value = element("dd", "value");
		this.note = element("dd", "note");
		box.append(element("dt", "", name), this.value);
		if (className) {
			this.chart = new Chart(className);
			this.note.append(this.chart.node);
		}
		box.append(this.note);
		byId("tiles").append(box);
	}

	show(value, note) {
		setText(this.value, value);
		if (note !== undefined)
			setText(this.note, note);
	}

	plot(value, moment) {
		this.show(bits(value));
		if (moment.fresh)
			this.chart.add(moment, value);
	}
}

const tiles = {
	in: new Tile("Received", "in"),
	out: new Tile("Sent", "out"),
	streams: new Tile("Live streams"),
	subscribers: new Tile("Subscribers"),
	jumps: new Tile("Lag jumps"),
	hub: new Tile("Hub up"),
};

const sum = (list, key) => list.reduce((n, one) => n + one[key], 0);

/* A connection has a slot 0, and so has each local program. */
const isConnection = (s) => s.slot === 0 &&
    ["none", "publish", "play"].includes(s.role);

function showTotals(now, moment) {
	const live = now.streams.filter((s) => s.state === "live");
	const playing = now.sessions.filter((s) => s.role === "play");
	const lag = playing.reduce((n, s) => Math.max(n, s.lag_ms), 0);
	const totals = now.hub.totals;

	tiles.in.plot(sum(now.streams, "bitrate_in"), moment);
	tiles.out.plot(sum(now.streams, "bitrate_out"), moment);
	tiles.streams.show(String(live.length),
	    `${now.streams.length - live.length} waiting or lost`);
	tiles.subscribers.show(String(playing.length),
	    `largest lag ${lag} ms`);
	tiles.jumps.show(totals.rtmpd_lag_jumps_total.toLocaleString("en"),
	    count(totals.rtmpd_joins_total, "join", "joins"));
	tiles.hub.show(now.hub.alive ? span(now.hub.uptime_s) : "\u2013",
	    count(now.hub.restarts, "restart", "restarts"));
	setText(byId("facts"), `hub ${now.hub.pid}, ` +
	    count(now.sessions.filter(isConnection).length, "connection",
	    "connections") + (moment.fresh ? "" :
	    `, ${span(Math.round(now.hub.age_ms / 1000))} ago`));
}

/* The columns of the streams: heading, what it is sorted by, its class. */

const columns = [
	["Stream", (s) => s.name, "name"],
	["State", (s) => s.state, "status"],
	["Media", (s) => media(s).join(), "media"],
	["In", (s) => s.bitrate_in, "number wide"],
	["Out", (s) => s.bitrate_out, "number wide"],
	["Subscribers", (s) => s.subscribers, "number"],
	["Jumps", (s) => s.lag_jumps, "number"],
	["Up", (s) => s.uptime_s, "number"],
];
const isNumber = (className) => className.startsWith("number");
let sorted = 0, ascending = true;

function cell(label, className) {
	const td = element("td", className);

	td.setAttribute("role", "cell");
	td.dataset.label = label;
	return td;
}

/* The stream that the address asks to open. */
function wished() {
	try {
		return decodeURIComponent(location.hash.slice(1));
	} catch (error) {
		return "";		/* not what we would write there */
	}
}

/* Rows of one stream: itself, and its sessions when they are wanted. */

class Row {
	constructor(name) {
		this.row = element("tr", "stream");
		this.row.setAttribute("role", "row");
		this.cells = columns.map(([label, , className]) => {
			const td = cell(label, className);

			this.row.append(td);
			return td;
		});
		this.addButton(name);
		this.state = element("span", "state");
		this.cells[1].append(this.state);
		this.cells[2].append(element("span"));
		[this.inChart, this.inRate] = this.rate(this.cells[3], "in");
		[this.outChart, this.outRate] = this.rate(this.cells[4], "out");
		this.more = element("tr", "sessions");
		this.more.setAttribute("role", "row");
		this.more.hidden = true;
		this.list = cell("", "");
		delete this.list.dataset.label;
		this.list.colSpan = columns.length;
		this.none = element("p", "", "No sessions.");
		this.table = sessionTable();
		this.list.append(this.none, this.table);
		this.more.append(this.list);
		this.open(name === wished());
	}

	addButton(name) {
		delete this.cells[0].dataset.label;
		this.button = element("button", "", name);
		this.button.type = "button";
		this.button.setAttribute("aria-expanded", "false");
		this.button.addEventListener("click", () => this.toggle());
		this.cells[0].append(this.button);
	}

	rate(td, className) {
		const box = element("div", "rate"), text = element("span");
		const chart = new Chart(className);

		box.append(chart.node, text);
		td.append(box);
		return [chart, text];
	}

	toggle() {
		const open = this.more.hidden;

		history.replaceState(null, "", open ?
		    `#${encodeURIComponent(this.stream.name)}` : "#");
		this.open(open);
		this.showSessions();
	}

	open(open) {
		this.more.hidden = !open;
		this.row.classList.toggle("open", open);
		this.button.setAttribute("aria-expanded", String(open));
	}

	show(stream, sessions, moment) {
		this.stream = stream;
		this.sessions = sessions;
		this.state.className = `state ${stream.state}`;
		setText(this.state, stream.state);
		setText(this.cells[2].firstChild,
		    media(stream).join("\n") || "\u2013");
		setText(this.inRate, bits(stream.bitrate_in));
		setText(this.outRate, bits(stream.bitrate_out));
		if (moment.fresh) {
			this.inChart.add(moment, stream.bitrate_in);
			this.outChart.add(moment, stream.bitrate_out);
		}
		setText(this.cells[5], String(stream.subscribers));
		setText(this.cells[6], String(stream.lag_jumps));
		setText(this.cells[7], stream.state === "waiting" ? "\u2013" :
		    span(stream.uptime_s));
		this.showSessions();
	}

	showSessions() {
		if (this.more.hidden)
			return;
		this.none.hidden = this.sessions.length > 0;
		this.table.hidden = this.sessions.length === 0;
		fillSessions(this.table.tBodies[0], this.sessions);
	}

	remove() {
		this.inChart.end();
		this.outChart.end();
		this.row.remove();
		this.more.remove();
	}
}

const sessionColumns = [
	["Role", (s) => s.role, "role"],
	["Peer", (s) => s.peer, "peer"],
	["Program", (s) => s.program || "\u2013", "program"],
	["Rate", (s) => bits(s.bitrate), "number"],
	["Lag", (s) => s.role === "publish" ? "\u2013" : `${s.lag_ms} ms`,
	    "number"],
	["Jumps", (s) => String(s.lag_jumps), "number"],
	["Connected", (s) => span(s.connected_s), "number wide"],
	["Process", (s) => String(s.pid), "number wide"],
];

function headCell(className) {
	const th = element("th", isNumber(className) ? "number" : "");

	th.scope = "col";
	th.setAttribute("role", "columnheader");
	return th;
}

function sessionTable() {
	const table = element("table"), head = element("thead");
	const body = element("tbody"), names = element("tr");

	for (const [label, , className] of sessionColumns) {
		const th = headCell(className);

		th.textContent = label;
		names.append(th);
	}
	head.append(names);
	table.setAttribute("aria-label", "Sessions");
	table.append(head, body);
	table.setAttribute("role", "table");
	head.setAttribute("role", "rowgroup");
	body.setAttribute("role", "rowgroup");
	names.setAttribute("role", "row");
	return table;
}

function addSession(body) {
	const tr = element("tr");

	tr.setAttribute("role", "row");
	for (const [label, , className] of sessionColumns)
		tr.append(cell(label, className));
	body.append(tr);
}

function fillSessions(body, sessions) {
	while (body.rows.length < sessions.length)
		addSession(body);
	while (body.rows.length > sessions.length)
		body.lastChild.remove();
	for (const [i, tr] of [...body.rows].entries())
		for (const [j, [, text]] of sessionColumns.entries())
			setText(tr.cells[j], text(sessions[i]));
}

function compare(a, b) {
	const key = columns[sorted][1], x = key(a), y = key(b);
	const order = x < y ? -1 : x > y ? 1 : 0;

	return order * (ascending ? 1 : -1) || (a.name < b.name ? -1 : 1);
}

const rows = new Map();		/* by the stream's name */
let latest = null;

function place() {
	const body = byId("streams").tBodies[0];
	const wanted = latest.streams.slice().sort(compare)
	    .flatMap((s) => [rows.get(s.name).row, rows.get(s.name).more]);

	/* moving a row would take the focus from it */
	if (wanted.some((row, i) => row !== body.children[i]))
		body.replaceChildren(...wanted);
}

function showStreams(now, moment) {
	const names = new Set(now.streams.map((s) => s.name));
	const sessions = new Map();

	/* who publishes comes first, the others as they are */
	for (const session of now.sessions.slice().sort((a, b) =>
	    (b.role === "publish") - (a.role === "publish"))) {
		if (!sessions.has(session.stream))
			sessions.set(session.stream, []);
		sessions.get(session.stream).push(session);
	}
	for (const [name, row] of rows)
		if (!names.has(name)) {
			row.remove();
			rows.delete(name);
		}
	for (const stream of now.streams) {
		if (!rows.has(stream.name))
			rows.set(stream.name, new Row(stream.name));
		rows.get(stream.name).show(stream,
		    sessions.get(stream.name) || [], moment);
	}
	byId("none").hidden = names.size > 0;
	byId("streams").hidden = names.size === 0;
	place();
}

function showOrder() {
	for (const [i, th] of [...byId("streams").tHead.rows[0].cells]
	    .entries())
		if (i === sorted)
			th.setAttribute("aria-sort",
			    ascending ? "ascending" : "descending");
		else
			th.removeAttribute("aria-sort");
	if (latest !== null)
		place();
}

function sortBy(i) {
	ascending = i === sorted ? !ascending : !isNumber(columns[i][2]);
	sorted = i;
	showOrder();
}

for (const [i, [label, , className]] of columns.entries()) {
	const th = headCell(className);
	const button = element("button", "", label);

	button.type = "button";
	button.addEventListener("click", () => sortBy(i));
	th.append(button);
	byId("streams").tHead.rows[0].append(th);
}

/* How it stands with whom we ask. */

function alarm(state, className, why) {
	byId("state").className = `state ${className}`;
	setText(byId("state"), state);
	setText(byId("alarm"), why);
	byId("alarm").hidden = why === "";
	document.body.classList.toggle("old", why !== "");
}

function judge(hub) {
	if (!hub.alive)
		alarm("hub died", "down", "The hub has died. What is shown " +
		    "was so when it did; streams go on without it.");
	else if (hub.stale)
		alarm("no answer", "stale", "The hub does not answer. What " +
		    "is shown is old; streams go on without it.");
	else
		alarm("running", "live", "");
}

let gap = false;		/* was something missed since the latest? */

async function ask() {
	const answer = await fetch("streams.json", {
		cache: "no-store",
		signal: AbortSignal.timeout(PATIENCE),
	});

	if (answer.status === 503)
		return { why: (await answer.text()).trim() };
	if (!answer.ok)
		return { why: `the server says ${answer.status}` };
	return answer.json();
}

function show(now) {
	const fresh = now.hub.alive && !now.hub.stale;
	const moment = { at: performance.now() / 1000, fresh, gap };

	latest = now;
	gap = !fresh;
	byId("now").hidden = false;
	showTotals(now, moment);
	showStreams(now, moment);
	judge(now.hub);
}

async function turn() {
	try {
		const now = await ask();

		if (now.why === undefined)
			show(now);
		else {
			gap = true;
			alarm("no relay", "down", `No relay: ${now.why}.`);
		}
	} catch (error) {
		gap = true;
		alarm("no server", "down", "The server of this page does not " +
		    "answer. What is shown is old.");
	}
	setTimeout(turn, PERIOD);
}

showOrder();
turn();
